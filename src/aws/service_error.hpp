// The one place that turns AWS's error codes and texts into kinds and sentences, for every protocol.
#pragma once

#include <string>

#include "core/error.hpp"

namespace lambdapool::aws {

// How the service said no, in its own words, whether in JSON or XML.
struct ErrorAnswer {
  int status = 0;
  std::string code = {};    // without namespace; "" where the service gave none
  std::string text = {};    // the service's message
  std::string reason = {};  // TooManyRequestsException's Reason
  std::string request_id = {};
  std::string body = {};  // verbatim
};

Error error_of(ErrorAnswer answer);

}  // namespace lambdapool::aws

// The one place that turns AWS's error codes and texts into kinds and sentences, for every protocol.
#pragma once

#include <string>

#include "core/error.hpp"

namespace lambdapool::aws {

// A refusal as the service put it, whether in JSON or XML.
struct Refusal {
  int status = 0;
  std::string code = {};    // without namespace; "" where the service gave none
  std::string text = {};    // the service's message
  std::string reason = {};  // TooManyRequestsException's Reason
  std::string request_id = {};
  std::string body = {};  // verbatim
};

Error error_of(Refusal refusal);

}  // namespace lambdapool::aws

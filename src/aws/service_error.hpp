// The one place that turns AWS's error codes and texts into kinds and sentences, for every protocol.
#pragma once

#include <string>

#include "core/error.hpp"
#include "http/message.hpp"

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

// The Error that a non-2xx answer stands for, of any rest-json operation.
Error service_error(const http::Response& response);

// Whether the service refused the request because the session token's time is over: nothing was done, and
// with new credentials it may be sent again. Of any protocol.
bool is_expired_token(const Error& error);

}  // namespace lambdapool::aws

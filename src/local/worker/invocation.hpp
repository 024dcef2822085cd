// An invocation, as it goes from the control plane to a worker's runtime, and what came of it.
#pragma once

#include <optional>
#include <string>

#include "local/control/refusal.hpp"

namespace lambdapool::local {

struct Invocation {
  std::string request_id;
  std::string payload;
  std::string invoked_arn;          // qualified only if the caller gave a qualifier
  std::string client_context = {};  // decoded JSON, or ""
  bool streaming = false;           // the caller takes what is streamed: more, and what precedes an error
};

struct InvocationResult {
  std::string payload;
  bool function_error = false;          // X-Amz-Function-Error: Unhandled
  std::string log;                      // START ... REPORT; of what the function wrote, the end
  std::optional<Refusal> refusal = {};  // it has not been run, and this is why
  std::string streamed = {};            // of an error: what the function had streamed before
};

}  // namespace lambdapool::local

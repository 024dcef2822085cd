// What becomes of a function's asynchronous invocations: how often they are tried again, how old they may
// get, and where what came of them is sent.
#pragma once

#include <chrono>
#include <string>

#include "local/store/database.hpp"

namespace lambdapool::local {

struct EventInvokeConfig {
  int retries = 2;
  std::chrono::seconds age{21'600};
  std::string on_success = {};  // the ARN of a function; "" for nowhere
  std::string on_failure = {};
};

// Of a version, an alias or $LATEST; AWS's defaults where nothing was put.
EventInvokeConfig event_invoke_config(Database& database, const std::string& function,
                                      const std::string& qualifier);

}  // namespace lambdapool::local

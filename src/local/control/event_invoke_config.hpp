// What becomes of a function's asynchronous invocations: how often they are tried again, how old they may
// get, and where what came of them is sent.
#pragma once

#include <chrono>
#include <string>

#include "local/control/operation.hpp"
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

// The operations Put, Update, Get, Delete and ListFunctionEventInvokeConfig(s).
Answer put_event_invoke_config(Context& context, Call call, const Json& body);
Answer update_event_invoke_config(Context& context, Call call, const Json& body);
Answer get_event_invoke_config(Context& context, Call call);
Answer delete_event_invoke_config(Context& context, Call call);
Answer list_event_invoke_configs(Context& context, Call call);

}  // namespace lambdapool::local

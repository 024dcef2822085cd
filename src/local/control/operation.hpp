// What the control plane's operations work with. Each runs on a background thread with a database connection
// of its own, reads its request, and answers; what must follow (an unpacking to finish, workers to retire) it
// leaves in its context for the control plane.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "local/control/arn.hpp"
#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"
#include "local/control/router.hpp"
#include "local/control/transition.hpp"
#include "local/store/code_store.hpp"
#include "local/store/database.hpp"
#include "local/store/function_table.hpp"

namespace lambdapool::local {

struct Context {
  Database& database;
  CodeStore& code;
  const std::string& region;
  int account_concurrency;
  std::int64_t now_ms;
  std::function<std::string(const std::string& sha256)> location;  // a URL to download a zip from
  std::function<std::string(const std::string& id)> function_url;

  std::vector<Transition> transitions = {};
  std::vector<std::string> without_effect = {};  // settings of the function that was just changed
  bool code_released = false;                    // something may be collected now
};

using Call = const Route&;

// Parses the body, runs the operation, and turns whatever came of it into a response.
http::Response run_operation(Context& context, Call call, std::string body);

// Parts that several operations share.
http::Response json_response(int status, const Json& json);
http::Response no_content();

struct Page {
  std::string marker;
  std::size_t size = 0;
};
OrRefusal<Page> page_of(Call call);  // Marker and MaxItems (1 to 10,000; at most 50 are answered)

// The function and version (or alias, resolved) that {n} and ?Qualifier name. AWS's 404 where there is none.
struct Target {
  FunctionReference reference;
  FunctionRecord function;
  VersionRecord version;
  std::string arn;  // qualified only if the request was
};
OrRefusal<Target> find_target(Context& context, Call call);

NameRule name_rule(Operation operation);

// For operations on a function as a whole, which take no other qualifier than $LATEST.
OrRefusal<Target> find_latest(Context& context, Call call);

// 409 while a version is Pending or InProgress; 412 where a RevisionId is given and is not the record's.
OrRefusal<void> check_changeable(Context& context, const VersionRecord& record);
OrRefusal<void> check_revision(const std::string& expected, const std::string& revision);

}  // namespace lambdapool::local

// What the control plane's operations work with. Each runs on a background thread with a database connection
// of its own, reads its request, and answers; what must follow (an unpacking to finish, workers to retire) it
// leaves in its context for the control plane.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "http/message.hpp"
#include "local/control/arn.hpp"
#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"
#include "local/control/router.hpp"
#include "local/store/code_store.hpp"
#include "local/store/database.hpp"
#include "local/store/function_table.hpp"

namespace lambdapool::local {

// A version that is to become active: done after the answer was sent, so that clients see it Pending first.
struct Transition {
  std::string function;
  std::string version;
  std::string revision;  // nothing is done if somebody has changed it since
};

struct Context {
  Database& database;
  CodeStore& code;
  const std::string& region;
  int account_concurrency;
  std::int64_t now_ms;
  std::function<std::string(const std::string& sha256)> location;  // a URL to download a zip from

  std::vector<Transition> transitions = {};
  bool code_released = false;  // something may be collected now
};

using Call = const Route&;

Answer create_function(Context& context, Call call, const Json& body);
Answer get_function(Context& context, Call call);
Answer get_function_configuration(Context& context, Call call);
Answer list_functions(Context& context, Call call);
Answer update_function_code(Context& context, Call call, const Json& body);
Answer update_function_configuration(Context& context, Call call, const Json& body);
Answer delete_function(Context& context, Call call);

Answer publish_version(Context& context, Call call, const Json& body);
Answer list_versions(Context& context, Call call);

Answer create_alias(Context& context, Call call, const Json& body);
Answer get_alias(Context& context, Call call);
Answer update_alias(Context& context, Call call, const Json& body);
Answer delete_alias(Context& context, Call call);
Answer list_aliases(Context& context, Call call);

Answer publish_layer_version(Context& context, Call call, const Json& body);
Answer get_layer_version(Context& context, Call call);
Answer list_layers(Context& context, Call call);
Answer list_layer_versions(Context& context, Call call);
Answer delete_layer_version(Context& context, Call call);

Answer tag_resource(Context& context, Call call, const Json& body);
Answer untag_resource(Context& context, Call call);
Answer list_tags(Context& context, Call call);

Answer put_concurrency(Context& context, Call call, const Json& body);
Answer get_concurrency(Context& context, Call call);
Answer delete_concurrency(Context& context, Call call);
Answer get_account_settings(Context& context, Call call);

Answer add_permission(Context& context, Call call, const Json& body);
Answer remove_permission(Context& context, Call call);
Answer get_policy(Context& context, Call call);

Answer put_event_invoke_config(Context& context, Call call, const Json& body);
Answer update_event_invoke_config(Context& context, Call call, const Json& body);
Answer get_event_invoke_config(Context& context, Call call);
Answer delete_event_invoke_config(Context& context, Call call);
Answer list_event_invoke_configs(Context& context, Call call);

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

// For operations on a function as a whole, which take no other qualifier than $LATEST.
OrRefusal<Target> find_latest(Context& context, Call call);

// 409 while a version is Pending or InProgress; 412 where a RevisionId is given and is not the record's.
OrRefusal<void> check_changeable(Context& context, const VersionRecord& record);
OrRefusal<void> check_revision(const std::string& expected, const std::string& revision);

OrRefusal<VersionRecord> publish(Context& context, const FunctionRecord& function,
                                 const VersionRecord& source, const std::string& description);

OrRefusal<std::vector<LayerUse>> find_layers(Context& context, const std::vector<std::string>& arns);

// Carries a transition out: code in place, then active. Nothing where it is done already.
void finish_transition(Database& database, CodeStore& code, const Transition& transition,
                       std::int64_t now_ms);

// A version that is active and whose code turned out to be gone.
void note_failed_update(Database& database, const std::string& function, const std::string& version,
                        const std::string& reason, std::int64_t now_ms);

// Everything that a version or a layer refers to.
std::set<std::string> referenced_code(Database& database);

}  // namespace lambdapool::local

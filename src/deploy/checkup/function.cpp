#include <chrono>

#include "aws/lambda/invoke.hpp"
#include "aws/lambda/lambda.hpp"
#include "aws/logs/logs.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"
#include "deploy/checkup/checkup.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/own_functions.hpp"
#include "deploy/function/response_mode.hpp"
#include "local/store/code_store.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;

// What a call that changes nothing answers tells whether the caller may make it. A refusal for want of
// permission names the statement to add already.
Result<void> check_permission(Session& session, const http::Request& request, const char* action,
                              const char* needed_by, Level level, Findings& findings) {
  const auto answer = session.send(request, Repeatable::yes);
  const std::string topic = std::string("may ") + action;
  if (!answer) return add_refusal(answer.error(), {Level::problem, topic, ""}, findings);
  if (answer->status < 400) {
    findings.push_back({Level::ok, topic, "yes"});
    return {};
  }
  const Error error = aws::service_error(*answer);
  if (error.kind == ErrorKind::access_denied)
    return add_refusal(error, {level, topic, "no", std::string("needed by ") + needed_by}, findings);
  if (error.code == "ResourceNotFoundException") {
    findings.push_back({Level::note, topic, "yes, but " + error.message});
    return {};
  }
  return add_refusal(error, {Level::problem, topic, ""}, findings);
}

void check_state(const aws::FunctionConfiguration& function, Findings& findings) {
  const std::string update = "lambdapool update " + function.name;
  if (function.state == "Failed") {
    findings.push_back({Level::problem, "state", "Failed: " + function.state_reason,
                        "`lambdapool delete " + function.name + "` and create it again"});
  } else if (function.last_update_status == "Failed") {
    findings.push_back({Level::problem, "state",
                        "its last update failed: " + function.last_update_status_reason,
                        "`" + update + " PATHS` once more"});
  } else if (function.state == "Pending" || function.last_update_status == "InProgress") {
    findings.push_back({Level::note, "state", "the service is still changing it", "wait, and look again"});
  } else if (function.state == "Inactive") {
    findings.push_back({Level::note, "state", "Inactive, as it was idle: its first call will take longer"});
  } else {
    findings.push_back({Level::ok, "state", function.state.empty() ? "Active" : function.state});
  }
}

void check_maker(const aws::FunctionDescription& found, Findings& findings) {
  const auto& variables = found.configuration.environment;
  const auto version = variables.find(version_variable);
  if (version == variables.end() || found.tags.count(version_tag) == 0)
    findings.push_back({Level::problem, "made by", "something else than lambdapool, so pools cannot use it",
                        "make one of another name with `lambdapool create`"});
  else
    check_maker(found.configuration.name, version->second, findings);
}

void check_concurrency(const aws::FunctionDescription& found, Findings& findings) {
  const auto& reserved = found.reserved_concurrency;
  if (!reserved) return findings.push_back({Level::ok, "concurrency", "the account's, none is reserved"});
  if (*reserved > 0)
    return findings.push_back({Level::ok, "concurrency", std::to_string(*reserved) + " reserved"});
  findings.push_back(
      {Level::problem, "concurrency", "0 is reserved for it, so every call is refused",
       "`lambdapool update " + found.configuration.name + " --concurrency none`, or a number above 0"});
}

// Of a Python function on AWS: executables stream, and so does the local Lambda.
void check_response_mode(const aws::FunctionConfiguration& function, Findings& findings) {
  const auto mode = response_mode_of(function.environment);
  const std::string update = "`lambdapool update " + function.name + " PATHS`";
  if (mode.streams)
    return findings.push_back({Level::ok, "answers", "streamed, through lambdapool's loop in the function"});
  const std::string cost =
      ": results above 6 MB need a bucket, outcomes and output of a call come at its end";
  if (!mode.wrapper.empty())
    findings.push_back({Level::note, "answers",
                        "not streamed, as it has a wrapper of its own, " + mode.wrapper + cost,
                        "let that start " + std::string(own_wrapper) + ", and this note can be ignored"});
  else if (function.environment.count(mode_variable) != 0)
    findings.push_back({Level::note, "answers", "not streamed, as it was asked for" + cost,
                        "`lambdapool update " + function.name + " PATHS --response-mode streaming`"});
  else
    findings.push_back({Level::note, "answers", "not streamed" + cost, update + " has them streamed"});
}

Result<void> check_log_permission(Session& session, const aws::FunctionConfiguration* function,
                                  const std::string& name, Findings& findings) {
  auto logs = Session::open_beside(session, "logs");
  if (!logs) return add_refusal(logs.error(), {Level::note, "may read logs", ""}, findings);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const bool named = function && !function->log_group.empty();
  const auto request = aws::logs::filter_log_events_request(
      {named ? function->log_group : aws::logs::default_group(name), now.time_since_epoch().count()});
  return check_permission(**logs, request, "read logs", "lambdapool logs", Level::note, findings);
}

// What is unpacked in the home may have been cleared away, or not be whole.
void check_code(Session& session, const aws::FunctionConfiguration& function, Findings& findings) {
  const auto sha256 = base64_decode(function.code_sha256);
  const auto home = session.connection().home();
  if (!sha256 || sha256->empty() || !home) return;
  const auto damage = local::CodeStore::find_damage(*home, hex_encode(*sha256));
  if (damage && damage->is_mended_by_use)
    findings.push_back({Level::note, "code", damage->what, "the next call of the function unpacks it again"});
  else if (damage)
    findings.push_back({Level::problem, "code", damage->what,
                        "give `lambdapool update " + function.name + "` the function's paths"});
}

}  // namespace

Result<void> check_account(Session& session, Findings& findings) {
  return check_permission(session, aws::list_functions_request({}), "list", "lambdapool list", Level::note,
                          findings);
}

Result<void> check_function(Session& session, const std::string& name, Findings& findings) {
  const auto found = find_function(session, name);
  if (!found) {
    if (auto go_on = add_refusal(found.error(), {Level::note, "function", "cannot be looked at"}, findings);
        !go_on)
      return go_on;
  } else if (!*found) {
    findings.push_back(
        {Level::problem, "function",
         "there is no " + name + place_of(session) + suggested_function(session, name),
         "`lambdapool create " + name + " PATHS` makes it, `lambdapool list` shows those there are"});
    return {};
  } else {
    findings.push_back({Level::ok, "function", (*found)->configuration.arn});
    check_state((*found)->configuration, findings);
    if (session.is_local()) check_code(session, (*found)->configuration, findings);
    check_maker(**found, findings);
    const auto& its = (*found)->configuration;
    check_runtime(session.connection(),
                  {.name = its.name,
                   .runtime = its.runtime,
                   .architecture = its.architecture,
                   .memory_mb = its.memory_mb,
                   .timeout_s = its.timeout_s},
                  findings);
    if (!session.is_local() && its.runtime.starts_with("python")) check_response_mode(its, findings);
    check_concurrency(**found, findings);
    if (auto looked = check_role(session, (*found)->configuration, findings); !looked) return looked;
  }
  if (auto invoked = check_permission(session, aws::invoke_dry_run_request(name), "invoke", "pools",
                                      Level::problem, findings);
      !invoked || session.is_local())
    return invoked;
  return check_log_permission(session, found ? &(*found)->configuration : nullptr, name, findings);
}

}  // namespace lambdapool::deploy

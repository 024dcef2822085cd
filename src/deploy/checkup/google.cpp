#include "deploy/checkup/google.hpp"

#include <algorithm>

#include "deploy/checkup/checkup.hpp"
#include "deploy/run/deployed_service.hpp"
#include "deploy/run/revision_log.hpp"
#include "deploy/run/run_request.hpp"
#include "gcp/google_error.hpp"
#include "gcp/project/project.hpp"
#include "gcp/run/services.hpp"
#include "identity/google_source.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;
using Texts = std::vector<std::string>;

struct Needs {
  const char* action;
  const char* roles;
  Texts permissions;
};

// Of the roles that `lambdapool policy` prints.
const std::vector<Needs>& needs() {
  static const std::vector<Needs> all{
      {"deploy",
       "roles/run.sourceDeveloper, roles/storage.admin and, on the account that functions run as, "
       "roles/iam.serviceAccountUser",
       {"run.services.create", "run.services.get", "run.services.list", "run.services.update",
        "run.services.delete", "run.operations.get", "storage.buckets.create", "storage.buckets.get",
        "storage.objects.create", "storage.objects.delete", "storage.objects.get",
        "iam.serviceAccounts.actAs"}},
      {"invoke", "roles/run.invoker and roles/run.viewer", {"run.routes.invoke", "run.services.get"}},
      {"read logs", "roles/logging.viewer", {"logging.logEntries.list"}}};
  return all;
}

void check_place(const target::Target& target, const Connection& connection, Findings& findings) {
  identity::GoogleSource source(target.google->source);
  const auto say = [&](const char* topic, const std::string& value, const Result<gcp::Setting>& setting) {
    findings.push_back({Level::ok, topic, value + (setting ? " (from " + setting->from + ")" : "")});
  };
  say("project", target.google->project, source.project(connection.options().project.value_or("")));
  say("region", target.region, source.region(connection.options().aws.region.value_or("")));
  if (const auto url = target.endpoint.url(); url != "https://run.googleapis.com")
    findings.push_back({Level::ok, "endpoint", url + " (from gcloud's api_endpoint_overrides/run)"});
}

void check_token(const target::Target& target, Findings& findings) {
  const auto token = target.google->tokens->current();
  const auto& payer = target.google->quota_project;
  findings.push_back(
      {Level::ok, "credentials",
       token->source + (payer.empty() ? "" : "; the project " + payer + " pays for requests")});
}

// The first call, whose answer has a date, too.
Result<void> check_list(Session& session, Findings& findings) {
  const auto answer =
      session.send(gcp::run::list_services_request(place_on(session), std::nullopt), Repeatable::yes);
  if (!answer)
    return add_refusal(answer.error(),
                       {Level::problem, "Cloud Run", "",
                        "see whether this machine reaches " + session.target().endpoint.url()},
                       findings);
  check_clock(
      *answer,
      "set this machine's clock: Google refuses what a key signs when that is minutes off, and tokens "
      "are renewed too late",
      findings);
  const auto services = gcp::run::parse_list_services(*answer);
  if (!services && services.error().kind == ErrorKind::access_denied) return {};  // told with the permissions
  if (!services) return add_refusal(services.error(), {Level::problem, "Cloud Run", ""}, findings);
  const auto own = std::ranges::count_if(services->services, [](const auto& each) { return is_own(each); });
  findings.push_back({Level::ok, "Cloud Run",
                      "answers, with " + std::to_string(own) + (own == 1 ? " function" : " functions") +
                          (services->next_page_token ? " on its first page" : "")});
  return {};
}

Result<void> check_apis(Session& session, Findings& findings) {
  const auto& google = *session.target().google;
  const auto usage = Session::open_at(session, google.service_usage);
  const Texts needed{"run.googleapis.com", "storage.googleapis.com", "logging.googleapis.com"};
  const auto disabled = call(*usage, gcp::get_apis_request(google.project, needed), gcp::parse_disabled_apis);
  if (!disabled) {
    if (disabled.error().kind == ErrorKind::cancelled) return tl::unexpected(disabled.error());
    findings.push_back({Level::note, "APIs", "which are enabled is unknown: " + disabled.error().message});
    return {};
  }
  for (const auto& api : *disabled)
    findings.push_back({Level::problem, "APIs", api + " is not enabled in the project " + google.project,
                        "enable it at " + gcp::activation_link(google.project, api) +
                            " or with `gcloud "
                            "services enable " +
                            api + "`"});
  if (disabled->empty()) findings.push_back({Level::ok, "APIs", "those of Cloud Run, Storage and Logging"});
  return {};
}

std::string joined(const Texts& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// Rights on single services and accounts are not seen by the project's answer: so what is missing is a note.
void tell_needs(const Needs& need, const Texts& held, Level level, Findings& findings) {
  Texts missing;
  for (const auto& permission : need.permissions)
    if (std::ranges::find(held, permission) == held.end()) missing.push_back(permission);
  const std::string topic = std::string("may ") + need.action;
  if (missing.empty()) return findings.push_back({Level::ok, topic, "yes"});
  findings.push_back(
      {level, topic, "no: " + joined(missing) + " is missing", std::string("give ") + need.roles});
}

Result<void> check_permissions(Session& session, Findings& findings) {
  const auto& google = *session.target().google;
  const auto manager = Session::open_at(session, google.resource_manager);
  Texts all;
  for (const auto& need : needs()) all.insert(all.end(), need.permissions.begin(), need.permissions.end());
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const auto held =
      call(*manager, gcp::test_project_permissions_request(google.project, all), gcp::parse_permissions);
  if (!held && held.error().kind == ErrorKind::cancelled) return tl::unexpected(held.error());
  if (!held)
    findings.push_back(
        {Level::note, "permissions", "in the whole project they are unknown: " + held.error().message});
  else
    for (const auto& need : needs()) tell_needs(need, *held, Level::note, findings);
  return {};
}

// What a revision was asked to be beside its code: "512 MB, 300 s, 1 at a time, python3.11".
std::string settings_of(const gcp::run::Service& service) {
  const Function function = function_of(service);
  return std::to_string(function.memory_mb) + " MB, " + std::to_string(function.timeout_s) + " s, " +
         std::to_string(service.concurrency) + " at a time, " + function.runtime;
}

// `as_serving`: the service as it serves.
void check_revision(Session& session, const gcp::run::Service& service, const gcp::run::Service& as_serving,
                    const std::string& name, Findings& findings) {
  const auto short_name = [](const std::string& whole) { return whole.substr(whole.rfind('/') + 1); };
  const std::string serving = gcp::run::serving_revision(service);
  const std::string newest = short_name(service.latest_created_revision);
  const std::string update = "`lambdapool update " + name + " PATHS`";
  const bool is_newest = service.latest_created_revision == service.latest_ready_revision;
  const auto why = [&] {
    return with_words(service.state_message,
                      last_words(session, service, service.latest_created_revision, Wait::no));
  };
  if (service.state == "CONDITION_FAILED" && serving.empty())
    findings.push_back({Level::problem, "revision", "none has come up: " + why(),
                        "`lambdapool delete " + name + "` and create it again"});
  else if (service.state == "CONDITION_FAILED" && is_newest)
    findings.push_back(
        {Level::problem, "revision", serving + " cannot serve: " + service.state_message, update});
  else if (service.state == "CONDITION_FAILED")
    findings.push_back({Level::problem, "revision",
                        serving + " serves (" + settings_of(as_serving) + "); " + newest + " (" +
                            settings_of(service) + "), which is newer, did not come up: " + why(),
                        update + " once more"});
  else if (service.state != "CONDITION_SUCCEEDED" || !is_newest)
    findings.push_back({Level::note, "revision", serving + " serves; the service is still changing it",
                        "wait, and look again"});
  else
    findings.push_back({Level::ok, "revision", serving});
}

}  // namespace

Result<std::unique_ptr<Session>> check_google(Connection& connection, const StopToken& stop,
                                              Findings& findings) {
  auto session = Session::open_to_run(connection, {}, stop);
  if (!session) {
    const char* topic = session.error().kind == ErrorKind::credentials ? "credentials" : "settings";
    if (auto go_on = add_refusal(session.error(), {Level::problem, topic, ""}, findings); !go_on)
      return tl::unexpected(go_on.error());
    return std::unique_ptr<Session>();
  }
  check_place((*session)->target(), connection, findings);
  check_proxy((*session)->target(), findings);
  check_token((*session)->target(), findings);
  auto asked = check_list(**session, findings);
  if (asked) asked = check_apis(**session, findings);
  if (asked) asked = check_permissions(**session, findings);
  if (!asked) return tl::unexpected(asked.error());
  return session;
}

Result<void> check_service(Session& session, const std::string& name, Findings& findings) {
  const auto found = find_service(session, name);
  if (!found)
    return add_refusal(found.error(), {Level::problem, "function", "cannot be looked at"}, findings);
  if (!*found) {
    findings.push_back({Level::problem, "function", no_such_service(session, name).message,
                        "`lambdapool create " + name + " PATHS` makes it"});
    return {};
  }
  const auto serving = as_it_serves(session, **found);
  if (!serving)
    return add_refusal(serving.error(), {Level::problem, "revision", "cannot be looked at"}, findings);
  const Function function = function_of(*serving);
  findings.push_back({Level::ok, "function", function.arn});
  if (!is_own(**found))
    findings.push_back({Level::problem, "made by", "something else than lambdapool, so pools cannot use it",
                        "make one of another name with `lambdapool create`"});
  else
    check_maker(name, function.lambdapool_version, findings);
  check_revision(session, **found, *serving, name, findings);
  check_runtime(session.connection(), function, findings);
  findings.push_back({Level::ok, "instances",
                      "at most " + std::to_string(serving->instances_max) + ", each with " +
                          std::to_string(serving->concurrency) + " at a time"});
  if (session.target().name != "gcp") return {};
  findings.push_back(
      {Level::ok, "account", function.role.empty() ? "the project's own for Compute Engine" : function.role});
  const Needs need{
      "invoke it", "roles/run.invoker and roles/run.viewer on it", {"run.routes.invoke", "run.services.get"}};
  const auto held = call(session, gcp::test_service_permissions_request(function.arn, need.permissions),
                         gcp::parse_permissions);
  if (!held) return add_refusal(held.error(), {Level::note, "may invoke it", "unknown"}, findings);
  tell_needs(need, *held, Level::problem, findings);
  return {};
}

}  // namespace lambdapool::deploy

#include "deploy/run/run_policy.hpp"

#include <nlohmann/json.hpp>

#include "gcp/credentials/configuration.hpp"
#include "gcp/service_name.hpp"

namespace lambdapool::deploy {
namespace {

using nlohmann::ordered_json;

ordered_json bindings_on(const std::string& resource, const std::vector<std::string>& roles,
                         const std::string& member) {
  ordered_json bindings = ordered_json::array();
  for (const auto& role : roles) bindings.push_back({{"role", role}, {"members", {member}}});
  return {{"resource", resource}, {"bindings", bindings}};
}

}  // namespace

Result<std::string> run_policy(const Connection& connection, const PolicyRequest& request) {
  if (request.account || request.role || request.bucket || request.layers)
    return fail(ErrorKind::invalid_argument,
                "--account, --role, --bucket and --layers are of AWS: they do not go with --target gcp.");
  const auto service = gcp::service_id(request.name);
  if (!service) return tl::unexpected(service.error());
  const auto& environment = connection.environment();
  const auto& options = connection.options();
  const auto gcloud = gcp::Configuration::of(environment);
  auto project = gcp::project_of(options.project.value_or(""), environment, gcloud, "").value;
  auto region = gcp::region_of(options.aws.region.value_or(""), environment, gcloud).value;
  if (project.empty()) project = "PROJECT";
  if (region.empty()) region = "REGION";
  const std::string account = "ACCOUNT@" + project + ".iam.gserviceaccount.com";
  const std::string member = "serviceAccount:" + account;
  const std::string named = "projects/" + project;
  ordered_json all = ordered_json::array();
  if (request.action == PolicyRequest::Action::invoke) {
    // A pool asks the service for its address.
    all.push_back(bindings_on(named + "/locations/" + region + "/services/" + *service,
                              {"roles/run.invoker", "roles/run.viewer"}, member));
  } else if (request.action == PolicyRequest::Action::logs) {
    all.push_back(bindings_on(named, {"roles/logging.viewer"}, member));  // a log is its project's
    all.push_back(
        bindings_on(named + "/locations/" + region + "/services/" + *service, {"roles/run.viewer"}, member));
  } else {
    all.push_back(bindings_on(named, {"roles/run.sourceDeveloper", "roles/storage.admin"}, member));
    all.push_back(bindings_on(named + "/serviceAccounts/RUNS_AS@" + project + ".iam.gserviceaccount.com",
                              {"roles/iam.serviceAccountUser"}, member));
  }
  return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace lambdapool::deploy

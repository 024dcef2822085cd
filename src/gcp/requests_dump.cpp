// Prints one request of every builder as a JSON line, so that tests/python/test_google_discovery.py can
// compare them with what Google's discovery documents say.
#include <iostream>
#include <nlohmann/json.hpp>

#include "gcp/logging/entries.hpp"
#include "gcp/project/project.hpp"
#include "gcp/run/services.hpp"
#include "gcp/storage/storage.hpp"

namespace {

using namespace lambdapool;

void print(const char* api, const char* method, const http::Request& request) {
  std::cout << nlohmann::json{{"api", api},
                              {"id", method},
                              {"method", request.method},
                              {"target", request.target},
                              {"content_type", request.headers.get("Content-Type")},
                              {"body", request.body}}
            << '\n';
}

void print_run() {
  const gcp::run::Place place{"project", "us-central1"};
  gcp::run::Service service;
  service.name = place.service("algorithms");
  service.labels = {{"lambdapool", "0-10-0"}};
  service.annotations = {{"lambdapool.dev/name", "algorithms"}};
  service.revision_annotations = {{"lambdapool.dev/code-sha256", "abc="}};
  service.description = "Made by lambdapool";
  service.service_account = "account@project.iam.gserviceaccount.com";
  service.base_image = "python311";
  service.command = {"python3"};
  service.arguments = {"lambdapool_agent/http_worker.py"};
  service.bucket = "run-sources-project-us-central1";
  service.object = "lambdapool/algorithms/1.tar.gz";
  service.generation = "1764000000000000";
  service.environment = {{"LAMBDAPOOL_TIMEOUT", "300"}};
  print("run.v2", "run.projects.locations.services.create", create_service_request(service));
  print("run.v2", "run.projects.locations.services.create",
        create_service_request(service, gcp::run::ValidateOnly::yes));
  service.etag = "\"1\"";
  // As other tools leave it.
  const auto others =
      gcp::run::parse_service(R"({"name": "s", "scaling": {"minInstanceCount": 1}, "template": {
      "vpcAccess": {"networkInterfaces": [{"network": "n"}]}, "volumes": [{"name": "v", "gcs": {"bucket": "b"}}],
      "containers": [{"volumeMounts": [{"name": "v", "mountPath": "/v"}], "ports": [{"containerPort": 8080}],
        "env": [{"name": "KEY", "valueSource": {"secretKeyRef": {"secret": "s", "version": "1"}}}]},
        {"name": "sidecar", "image": "i"}]}})");
  service.others = others->others;
  print("run.v2", "run.projects.locations.services.patch", update_service_request(service));
  print("run.v2", "run.projects.locations.services.patch", update_labels_request(service));
  service.traffic = {{.percent = 100}, {.revision = "algorithms-00001-abc", .tag = "v0123456789ab"}};
  print("run.v2", "run.projects.locations.services.patch", update_traffic_request(service));
  print("run.v2", "run.projects.locations.services.revisions.get",
        gcp::run::get_revision_request(service.name, "algorithms-00001-abc"));
  print("run.v2", "run.projects.locations.sourceUploads.upload",
        upload_source_request(place, "algorithms", "bytes", "boundary"));
  print("run.v2", "run.projects.locations.services.get", gcp::run::get_service_request(service.name));
  print("run.v2", "run.projects.locations.services.delete", gcp::run::delete_service_request(service.name));
  print("run.v2", "run.projects.locations.services.list", list_services_request(place, "token"));
  print("run.v2", "run.projects.locations.operations.wait",
        gcp::run::wait_operation_request(place.parent() + "/operations/1", std::chrono::seconds(30)));
}

void print_storage() {
  print("storage.v1", "storage.buckets.get", gcp::storage::get_bucket_request("bucket"));
  print("storage.v1", "storage.buckets.insert",
        gcp::storage::create_bucket_request("project", "us-central1", "bucket"));
  print("storage.v1", "storage.objects.insert",
        gcp::storage::upload_object_request("bucket", "lambdapool/a b.tar.gz", "bytes"));
  print("storage.v1", "storage.objects.delete",
        gcp::storage::delete_object_request("bucket", "lambdapool/a b.tar.gz"));
}

void print_logging() {
  gcp::logging::EntryQuery query{{"project", "us-central1"}, "algorithms"};
  print("logging.v2", "logging.entries.list", gcp::logging::list_entries_request(query));
  query.since = gcp::logging::Instant(std::chrono::seconds(1'764'000'000));
  query.page_token = "token";
  query.revision = "algorithms-00001-abc";
  query.newest_first = true;
  print("logging.v2", "logging.entries.list", gcp::logging::list_entries_request(query));
}

void print_project() {
  print("serviceusage.v1", "serviceusage.services.batchGet",
        gcp::get_apis_request("project", {"run.googleapis.com", "logging.googleapis.com"}));
  print("cloudresourcemanager.v3", "cloudresourcemanager.projects.testIamPermissions",
        gcp::test_project_permissions_request("project", {"run.services.get"}));
  print("run.v2", "run.projects.locations.services.testIamPermissions",
        gcp::test_service_permissions_request("projects/project/locations/us-central1/services/algorithms",
                                              {"run.routes.invoke"}));
}

}  // namespace

int main() {
  print_project();
  print_logging();
  print_run();
  print_storage();
  return 0;
}

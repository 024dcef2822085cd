#include "gcp/run/service.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace lambdapool::gcp::run {
namespace {

using nlohmann::json;

json get(const json& object, const char* name) {
  return object.is_object() && object.contains(name) ? object.at(name) : json();
}

std::string text(const json& object, const char* name) {
  const json value = get(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::map<std::string, std::string> texts(const json& object) {
  std::map<std::string, std::string> found;
  if (object.is_object())
    for (const auto& [name, value] : object.items())
      if (value.is_string()) found[name] = value.get<std::string>();
  return found;
}

std::vector<std::string> list(const json& array) {
  std::vector<std::string> found;
  if (array.is_array())
    for (const auto& value : array)
      if (value.is_string()) found.push_back(value.get<std::string>());
  return found;
}

constexpr const char* latest = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST";
constexpr const char* one_revision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION";

std::vector<Traffic> traffic(const json& array) {
  std::vector<Traffic> found;
  if (!array.is_array()) return found;
  for (const auto& target : array) {
    const json percent = get(target, "percent");
    const std::string revision = text(target, "revision");
    found.push_back(
        {text(target, "type") == latest ? std::string() : revision.substr(revision.rfind('/') + 1),
         percent.is_number_integer() ? percent.get<int>() : 0, text(target, "tag"), text(target, "uri")});
  }
  return found;
}

// Kubernetes quantities: "512Mi", "2Gi".
int memory_mb_of(const std::string& quantity) {
  const int number = std::atoi(quantity.c_str());
  return quantity.ends_with("Gi") || quantity.ends_with("G") ? number * 1'024 : number;
}

// Google's example, of which a service is only ever validated: what is not uploaded cannot be named.
constexpr const char* image_without_code = "us-docker.pkg.dev/cloudrun/container/hello";

json container(const Service& service) {
  json variables = json::array();
  for (const auto& [name, value] : service.environment)
    variables.push_back({{"name", name}, {"value", value}});
  const bool has_code = !service.object.empty();
  json made{{"image", has_code ? "scratch" : image_without_code},  // "scratch": what Google's tools name
            {"env", variables},
            {"resources",
             {{"limits", {{"cpu", service.cpu}, {"memory", std::to_string(service.memory_mb) + "Mi"}}},
              {"cpuIdle", true},
              {"startupCpuBoost", true}}}};
  if (!has_code) return made;
  made["baseImageUri"] = service.base_image;
  made["command"] = service.command;
  made["sourceCode"]["cloudStorageSource"] = {
      {"bucket", service.bucket}, {"object", service.object}, {"generation", service.generation}};
  if (!service.arguments.empty()) made["args"] = service.arguments;
  return made;
}

}  // namespace

std::string service_body(const Service& service) {
  json revision{{"timeout", std::to_string(service.timeout.count()) + "s"},
                {"maxInstanceRequestConcurrency", service.concurrency},
                {"containers", {container(service)}}};
  // The second generation has 512 MB or more; the platform chooses one for less.
  if (service.memory_mb >= 512) revision["executionEnvironment"] = "EXECUTION_ENVIRONMENT_GEN2";
  if (!service.service_account.empty()) revision["serviceAccount"] = service.service_account;
  json body{{"labels", service.labels},
            {"annotations", service.annotations},
            {"description", service.description},
            {"client", "lambdapool"},
            {"clientVersion", LAMBDAPOOL_VERSION},
            {"ingress", "INGRESS_TRAFFIC_ALL"},
            {"scaling", {{"maxInstanceCount", service.instances_max}}},
            {"template", revision}};
  if (!service.etag.empty()) body["etag"] = service.etag;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string traffic_body(const Service& service) {
  json targets = json::array();
  for (const auto& target : service.traffic) {
    json made{{"type", target.revision.empty() ? latest : one_revision}, {"percent", target.percent}};
    if (!target.revision.empty()) made["revision"] = target.revision;
    if (!target.tag.empty()) made["tag"] = target.tag;
    targets.push_back(std::move(made));
  }
  return json{{"etag", service.etag}, {"traffic", targets}}.dump(-1, ' ', false,
                                                                 json::error_handler_t::replace);
}

Result<Service> parse_service(std::string_view given) {
  const json body = json::parse(given, nullptr, false);
  Service service;
  service.name = text(body, "name");
  if (service.name.empty()) return fail(ErrorKind::protocol, "the answer is no Cloud Run service");
  service.labels = texts(get(body, "labels"));
  service.annotations = texts(get(body, "annotations"));
  service.description = text(body, "description");
  service.uri = text(body, "uri");
  service.etag = text(body, "etag");
  service.update_time = text(body, "updateTime");
  service.latest_ready_revision = text(body, "latestReadyRevision");
  service.latest_created_revision = text(body, "latestCreatedRevision");
  service.state = text(get(body, "terminalCondition"), "state");
  service.state_message = text(get(body, "terminalCondition"), "message");
  if (const json most = get(get(body, "scaling"), "maxInstanceCount"); most.is_number_integer())
    service.instances_max = most.get<int>();
  service.traffic = traffic(get(body, "traffic"));
  service.traffic_in_force = traffic(get(body, "trafficStatuses"));
  const json revision = get(body, "template");
  service.service_account = text(revision, "serviceAccount");
  if (const int seconds = std::atoi(text(revision, "timeout").c_str()); seconds > 0)
    service.timeout = std::chrono::seconds(seconds);
  if (const json at_once = get(revision, "maxInstanceRequestConcurrency"); at_once.is_number_integer())
    service.concurrency = at_once.get<int>();
  const json containers = get(revision, "containers");
  const json first = containers.is_array() && !containers.empty() ? containers.at(0) : json::object();
  service.base_image = text(first, "baseImageUri");
  service.command = list(get(first, "command"));
  service.arguments = list(get(first, "args"));
  const json source = get(get(first, "sourceCode"), "cloudStorageSource");
  service.bucket = text(source, "bucket");
  service.object = text(source, "object");
  service.generation = text(source, "generation");
  if (const json variables = get(first, "env"); variables.is_array())
    for (const auto& variable : variables)
      service.environment[text(variable, "name")] = text(variable, "value");
  const json limits = get(get(first, "resources"), "limits");
  if (const int memory = memory_mb_of(text(limits, "memory")); memory > 0) service.memory_mb = memory;
  if (auto cpu = text(limits, "cpu"); !cpu.empty()) service.cpu = std::move(cpu);
  return service;
}

}  // namespace lambdapool::gcp::run

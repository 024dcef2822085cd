#include "gcp/run/service.hpp"

#include <algorithm>
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

// What of a revision another tool may have set, and lambdapool does not; the rest Cloud Run tells alone.
constexpr const char* others_of_revision[] = {"vpcAccess",
                                              "volumes",
                                              "scaling",
                                              "labels",
                                              "encryptionKey",
                                              "encryptionKeyRevocationAction",
                                              "encryptionKeyShutdownDuration",
                                              "sessionAffinity",
                                              "healthCheckDisabled",
                                              "nodeSelector",
                                              "gpuZonalRedundancyDisabled",
                                              "serviceMesh"};
constexpr const char* others_of_container[] = {"name",          "ports",        "volumeMounts",
                                               "livenessProbe", "startupProbe", "readinessProbe",
                                               "dependsOn",     "workingDir"};

template <std::size_t count>
json picked(const json& from, const char* const (&names)[count]) {
  json found = json::object();
  for (const char* name : names)
    if (json value = get(from, name); !value.is_null()) found[name] = std::move(value);
  return found;
}

// `containers`: all of them, of which the first is ours.
json others_of(const json& revision, const json& containers) {
  json others{{"revision", picked(revision, others_of_revision)}, {"beside", json::array()}};
  if (!containers.is_array() || containers.empty()) return others;
  others["beside"].insert(others["beside"].end(), containers.begin() + 1, containers.end());
  others["container"] = picked(containers.at(0), others_of_container);
  others["limits"] = get(get(containers.at(0), "resources"), "limits");
  others["env"] = json::array();
  if (const json variables = get(containers.at(0), "env"); variables.is_array())
    for (const auto& variable : variables)
      if (variable.contains("valueSource")) others["env"].push_back(variable);
  return others;
}

json container(const Service& service, const json& others) {
  json variables = get(others, "env").is_array() ? others.at("env") : json::array();
  for (const auto& [name, value] : service.environment)
    variables.push_back({{"name", name}, {"value", value}});
  json limits = get(others, "limits").is_object() ? others.at("limits") : json::object();
  limits["cpu"] = service.cpu;
  limits["memory"] = std::to_string(service.memory_mb) + "Mi";
  const bool has_code = !service.object.empty();
  json made = get(others, "container").is_object() ? others.at("container") : json::object();
  made["image"] = has_code ? "scratch" : image_without_code;  // "scratch": what Google's tools name
  made["env"] = std::move(variables);
  made["resources"] = {{"limits", limits}, {"cpuIdle", true}, {"startupCpuBoost", true}};
  if (!has_code) return made;
  made["baseImageUri"] = service.base_image;
  made["command"] = service.command;
  made["sourceCode"]["cloudStorageSource"] = {
      {"bucket", service.bucket}, {"object", service.object}, {"generation", service.generation}};
  if (!service.arguments.empty()) made["args"] = service.arguments;
  return made;
}

// A revision, or what a service has of its newest one.
void take_revision(Service& service, const json& revision) {
  service.revision_annotations = texts(get(revision, "annotations"));
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
  service.environment.clear();
  if (const json variables = get(first, "env"); variables.is_array())
    for (const auto& variable : variables)
      if (!variable.contains("valueSource"))
        service.environment[text(variable, "name")] = text(variable, "value");
  const json limits = get(get(first, "resources"), "limits");
  if (const int memory = memory_mb_of(text(limits, "memory")); memory > 0) service.memory_mb = memory;
  if (auto cpu = text(limits, "cpu"); !cpu.empty()) service.cpu = std::move(cpu);
  json others = others_of(revision, containers);
  others["scaling"] = get(json::parse(service.others, nullptr, false), "scaling");
  service.others = others.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What the conditions say, and where they say nothing what they are of.
std::string on_its_way(const json& body) {
  std::vector<json> conditions{get(body, "terminalCondition")};
  if (const json others = get(body, "conditions"); others.is_array())
    conditions.insert(conditions.end(), others.begin(), others.end());
  std::erase_if(conditions, [](const json& one) {
    const auto state = text(one, "state");
    return state != "CONDITION_RECONCILING" && state != "CONDITION_PENDING";
  });
  for (const json& one : conditions)
    if (auto message = text(one, "message"); !message.empty()) return message;
  for (const json& one : conditions) {
    if (text(one, "type") == "ConfigurationsReady") return "Creating the revision";
    if (text(one, "type") == "RoutesReady") return "Routing traffic";
  }
  return "";
}

}  // namespace

std::string service_body(const Service& service) {
  const json others = json::parse(service.others, nullptr, false);
  json revision = get(others, "revision").is_object() ? others.at("revision") : json::object();
  revision["timeout"] = std::to_string(service.timeout.count()) + "s";
  revision["maxInstanceRequestConcurrency"] = service.concurrency;
  revision["containers"] = json::array({container(service, others)});
  if (const json beside = get(others, "beside"); beside.is_array())
    revision["containers"].insert(revision["containers"].end(), beside.begin(), beside.end());
  json scaling = get(others, "scaling").is_object() ? others.at("scaling") : json::object();
  scaling["maxInstanceCount"] = service.instances_max;
  // The second generation has 512 MB or more; the platform chooses one for less.
  if (service.memory_mb >= 512) revision["executionEnvironment"] = "EXECUTION_ENVIRONMENT_GEN2";
  if (!service.service_account.empty()) revision["serviceAccount"] = service.service_account;
  if (!service.revision_annotations.empty()) revision["annotations"] = service.revision_annotations;
  json body{{"labels", service.labels},
            {"annotations", service.annotations},
            {"description", service.description},
            {"client", "lambdapool"},
            {"clientVersion", LAMBDAPOOL_VERSION},
            {"ingress", "INGRESS_TRAFFIC_ALL"},
            {"scaling", scaling},
            {"template", revision}};
  if (!service.etag.empty()) body["etag"] = service.etag;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string labels_body(const Service& service) {
  const json body{{"etag", service.etag}, {"labels", service.labels}, {"description", service.description}};
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
  service.others =
      json{{"scaling", get(body, "scaling")}}.dump(-1, ' ', false, json::error_handler_t::replace);
  service.traffic = traffic(get(body, "traffic"));
  service.traffic_in_force = traffic(get(body, "trafficStatuses"));
  take_revision(service, get(body, "template"));
  service.on_its_way = on_its_way(body);
  return service;
}

Result<Service> with_revision(Service service, std::string_view given) {
  const json revision = json::parse(given, nullptr, false);
  if (text(revision, "name").empty()) return fail(ErrorKind::protocol, "the answer is no Cloud Run revision");
  take_revision(service, revision);
  return service;
}

std::string serving_revision(const Service& service) {
  const auto most = std::ranges::max_element(service.traffic_in_force, {}, &Traffic::percent);
  if (most != service.traffic_in_force.end() && !most->revision.empty()) return most->revision;
  return service.latest_ready_revision.substr(service.latest_ready_revision.rfind('/') + 1);
}

}  // namespace lambdapool::gcp::run

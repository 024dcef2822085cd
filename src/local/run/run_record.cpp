#include "local/run/run_record.hpp"

#include <nlohmann/json.hpp>
#include <regex>

#include "core/random.hpp"
#include "core/timestamp.hpp"
#include "local/run/traffic.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local::run {

using nlohmann::json;

struct RunRecord::Content {
  json service;                     // as the API shows it
  json revisions = json::object();  // that came up, by name: "template", "code", "created"
  bool damaged = false;
};

namespace {

constexpr int memory_mb_default = 512;

json at(const json& object, const char* name) {
  return object.is_object() && object.contains(name) ? object.at(name) : json();
}

std::string text_at(const json& object, const char* name) {
  const json value = at(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

int number_at(const json& object, const char* name, int otherwise) {
  const json value = at(object, name);
  return value.is_number_integer() ? value.get<int>() : otherwise;
}

json container_of(const json& service_template) {
  const json containers = at(service_template, "containers");
  return containers.is_array() && !containers.empty() ? containers.at(0) : json::object();
}

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> texts;
  if (list.is_array())
    for (const auto& each : list)
      if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

// "512Mi", "2Gi".
int memory_mb_of(const json& container) {
  const std::string text = text_at(at(at(container, "resources"), "limits"), "memory");
  const int number = std::atoi(text.c_str());
  if (number <= 0) return memory_mb_default;
  return text.ends_with("Gi") || text.ends_with("G") ? number * 1'024 : number;
}

// The version of a Python base image: "python313", or its address in Google's registry.
std::string python_of(const std::string& base_image) {
  static const std::regex form(R"((?:.*/)?python3(\d{1,2})(?::.*)?)");
  std::smatch parts;
  return std::regex_match(base_image, parts, form) ? "3." + parts[1].str() : "";
}

CodeSource source_of(const json& container) {
  const json source = at(at(container, "sourceCode"), "cloudStorageSource");
  return {text_at(source, "bucket"), text_at(source, "object"), text_at(source, "generation")};
}

std::shared_ptr<const Revision> revision_of(const std::string& name, const json& service_template,
                                            const std::string& revision, const json& scaling,
                                            const std::filesystem::path& code) {
  const json container = container_of(service_template);
  Revision made;
  made.service = name;
  made.name = revision;
  made.source = source_of(container);
  made.code = code;
  made.command = texts_of(at(container, "command"));
  for (auto& argument : texts_of(at(container, "args"))) made.command.push_back(std::move(argument));
  made.python = python_of(text_at(container, "baseImageUri"));
  if (const json variables = at(container, "env"); variables.is_array())
    for (const auto& each : variables) made.environment[text_at(each, "name")] = text_at(each, "value");
  made.concurrency = std::max(1, number_at(service_template, "maxInstanceRequestConcurrency", 80));
  made.instances_max = std::max(1, number_at(scaling, "maxInstanceCount", 100));
  made.memory_mb = memory_mb_of(container);
  if (const int seconds = std::atoi(text_at(service_template, "timeout").c_str()); seconds > 0)
    made.timeout = std::chrono::seconds(seconds);
  return std::make_shared<const Revision>(std::move(made));
}

// What a mask names and the body has not got is cleared; what there cannot be is passed over.
void take_over(json& service, const json& body, const std::string& field) {
  const auto dot = field.find('.');
  const std::string top = field.substr(0, dot);
  const json asked = at(body, top.c_str());
  if (dot == std::string::npos) {
    if (asked.is_null()) {
      service.erase(top);
    } else {
      service[top] = asked;
    }
    return;
  }
  json below = at(service, top.c_str());
  const bool is_there = below.is_object();
  if (!is_there) below = json::object();
  take_over(below, asked, field.substr(dot + 1));
  if (is_there || !below.empty()) service[top] = std::move(below);
}

// As Google's: newer ones are told from older within a second.
std::string timestamp(Time now) {
  return format_timestamp_ms(std::chrono::floor<std::chrono::milliseconds>(now));
}

json condition(const char* type, const char* state) { return {{"type", type}, {"state", state}}; }

json failed_condition(const char* type, const std::string& why, const std::string& since) {
  json made = condition(type, "CONDITION_FAILED");
  made["message"] = why;
  made["reason"] = "REVISION_FAILED";
  made["revisionReason"] = "HEALTH_CHECK_CONTAINER_ERROR";
  made["lastTransitionTime"] = since;
  return made;
}

void show_coming_up(json& service) {
  service["reconciling"] = true;
  service["terminalCondition"] = condition("Ready", "CONDITION_RECONCILING");
  service["terminalCondition"]["message"] = "Deploying Revision.";
  service["conditions"] = json::array({condition("RoutesReady", "CONDITION_PENDING"),
                                       condition("ConfigurationsReady", "CONDITION_RECONCILING")});
}

void show_up(json& service, const std::string& since) {
  service["observedGeneration"] = text_at(service, "generation");
  service["reconciling"] = false;
  service["terminalCondition"] = condition("Ready", "CONDITION_SUCCEEDED");
  service["conditions"] = json::array({condition("RoutesReady", "CONDITION_SUCCEEDED"),
                                       condition("ConfigurationsReady", "CONDITION_SUCCEEDED")});
  for (json* one : {&service["terminalCondition"], &service["conditions"][0], &service["conditions"][1]})
    (*one)["lastTransitionTime"] = since;
}

// What the local Cloud Run has not got is not passed over where the code would notice.
Result<void> check_container(const json& service_template) {
  const json container = container_of(service_template);
  if (!container.contains("image"))
    return fail(ErrorKind::invalid_argument, "template.containers[0].image: required");
  if (at(service_template, "containers").size() > 1)
    return fail(ErrorKind::invalid_argument,
                "template.containers: the local Cloud Run runs one container, without sidecars");
  if (const json volumes = at(service_template, "volumes"); volumes.is_array() && !volumes.empty())
    return fail(ErrorKind::invalid_argument, "template.volumes: the local Cloud Run has none");
  if (const json variables = at(container, "env"); variables.is_array())
    for (const json& variable : variables)
      if (variable.contains("valueSource"))
        return fail(ErrorKind::invalid_argument,
                    "template.containers[0].env: the local Cloud Run has no secrets, "
                    "which the value of " +
                        text_at(variable, "name") + " comes from");
  return {};
}

std::string new_revision(const json& service, const std::string& id, int generation) {
  const std::string asked = text_at(at(service, "template"), "revision");
  if (!asked.empty()) return asked;
  std::string digits = std::to_string(generation);
  digits.insert(0, 5 - std::min<std::size_t>(digits.size(), 5), '0');
  return id + "-" + digits + "-" + random_hex(2);
}

}  // namespace

Result<RunRecord> RunRecord::make(const std::string& name, std::string_view body, const RunRecord* before,
                                  const std::string& mask, Time now) {
  const json asked = json::parse(body, nullptr, false);
  if (!asked.is_object()) return fail(ErrorKind::invalid_argument, "Invalid JSON payload received.");
  auto content = before ? std::make_shared<Content>(*before->content_) : std::make_shared<Content>();
  json& service = content->service;
  if (const auto etag = text_at(asked, "etag"); before && !etag.empty() && etag != text_at(service, "etag"))
    return fail(ErrorKind::conflict, "The service was changed since its etag was given.");
  const std::string id = name.substr(name.rfind('/') + 1);
  if (before && !mask.empty()) {
    for (std::size_t begin = 0; begin <= mask.size();) {
      const auto end = std::min(mask.find(',', begin), mask.size());
      take_over(service, asked, mask.substr(begin, end - begin));
      begin = end + 1;
    }
  } else {
    const json old = service;
    service = asked;
    for (const char* kept : {"uid", "generation", "createTime", "creator", "latestReadyRevision",
                             "latestCreatedRevision", "terminalCondition", "conditions", "reconciling"})
      if (before && old.contains(kept)) service[kept] = old.at(kept);
  }
  if (auto valid = check_container(at(service, "template")); !valid) return tl::unexpected(valid.error());
  if (auto valid = check_traffic(service, content->revisions); !valid) return tl::unexpected(valid.error());
  const int generation = std::atoi(text_at(service, "generation").c_str()) + 1;
  service["name"] = name;
  service["generation"] = std::to_string(generation);
  if (!before) service["uid"] = random_uuid();
  if (!before) service["createTime"] = timestamp(now);
  service["updateTime"] = timestamp(now);
  service["etag"] = "\"" + random_hex(8) + "\"";
  // What changes only labels, or where requests go, makes no revision.
  if (before && at(service, "template") == at(before->content_->service, "template") &&
      service.value("reconciling", json()) != true) {
    service["observedGeneration"] = service["generation"];
    forget_revisions(service, content->revisions);
    return RunRecord(std::move(content));
  }
  service["latestCreatedRevision"] = name + "/revisions/" + new_revision(service, id, generation);
  show_coming_up(service);
  return RunRecord(std::move(content));
}

RunRecord RunRecord::parse(const std::string& name, std::string_view text) {
  json all = json::parse(text, nullptr, false);
  auto content = std::make_shared<Content>();
  if (all.is_object() && text_at(at(all, "service"), "name") == name) {
    content->service = all.at("service");
    if (const json revisions = at(all, "revisions"); revisions.is_object()) content->revisions = revisions;
    return RunRecord(std::move(content));
  }
  content->damaged = true;
  content->service = {
      {"name", name},
      {"labels", {{"lambdapool", ""}}},  // so that its maker's commands see it
      {"terminalCondition",
       failed_condition("Ready", "what is kept of it is damaged: delete the function and create it again",
                        "")}};
  return RunRecord(std::move(content));
}

bool RunRecord::is_damaged() const { return content_->damaged; }

std::string RunRecord::why_not() const {
  return text_at(at(content_->service, "terminalCondition"), "message");
}

std::set<std::string> RunRecord::code_folders() const {
  std::set<std::string> folders;
  for (const auto& revision : content_->revisions)
    folders.insert(std::filesystem::path(text_at(revision, "code")).filename().string());
  return folders;
}

std::string RunRecord::text() const {
  const json all{{"service", content_->service}, {"revisions", content_->revisions}};
  return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string RunRecord::shown(const std::string& url) const {
  json service = content_->service;
  const std::string path = name();  // projects/P/locations/L/services/S
  std::string below = url + "/_run/";
  std::size_t part = 0;
  for (std::size_t begin = 0; begin <= path.size(); ++part) {
    const auto end = std::min(path.find('/', begin), path.size());
    if (part % 2 == 1) below += path.substr(begin, end - begin) + (part < 5 ? "/" : "");
    begin = end + 1;
  }
  service["uri"] = below;
  service["urls"] = {below};
  service["trafficStatuses"] = traffic_statuses(service, below);
  return service.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string RunRecord::name() const { return text_at(content_->service, "name"); }

Result<CodeSource> RunRecord::source() const {
  CodeSource found = source_of(container_of(at(content_->service, "template")));
  if (found.bucket.empty() || found.object.empty() || found.generation.empty())
    return fail(ErrorKind::invalid_argument,
                "template.containers[0].sourceCode.cloudStorageSource: the local Cloud Run runs source code "
                "with a base image, from a bucket, an object and its generation; it has no container images");
  return found;
}

std::shared_ptr<const Revision> RunRecord::wanted(const std::filesystem::path& code) const {
  const json& service = content_->service;
  const std::string revision = text_at(service, "latestCreatedRevision");
  return revision_of(name(), at(service, "template"), revision.substr(revision.rfind('/') + 1),
                     at(service, "scaling"), code);
}

std::shared_ptr<const Revision> RunRecord::serving(const std::string& tag) const {
  const json& service = content_->service;
  const std::string revision = target_revision(service, tag);
  const json kept = at(content_->revisions, revision.c_str());
  if (kept.is_null()) return nullptr;
  return revision_of(name(), at(kept, "template"), revision, at(service, "scaling"), text_at(kept, "code"));
}

std::set<std::string> RunRecord::kept_revisions() const { return target_revisions(content_->service); }

std::optional<std::string> RunRecord::shown_revision(const std::string& revision) const {
  const json kept = at(content_->revisions, revision.c_str());
  if (kept.is_null()) return std::nullopt;
  json shown = at(kept, "template");
  shown["name"] = name() + "/revisions/" + revision;
  shown["service"] = name();
  shown["createTime"] = text_at(kept, "created");
  shown.erase("revision");
  return shown.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool RunRecord::is_coming_up() const { return at(content_->service, "reconciling") == true; }

void RunRecord::came_up(const std::filesystem::path& code, Time now) {
  json& service = content_->service;
  const std::string revision = text_at(service, "latestCreatedRevision");
  content_->revisions[revision.substr(revision.rfind('/') + 1)] = {
      {"template", at(service, "template")}, {"code", code.string()}, {"created", timestamp(now)}};
  service["latestReadyRevision"] = revision;
  forget_revisions(service, content_->revisions);
  show_up(service, timestamp(now));
}

void RunRecord::failed(const std::string& why, Time now) {
  json& service = content_->service;
  service["observedGeneration"] = text_at(service, "generation");
  service["reconciling"] = false;
  service["terminalCondition"] = failed_condition("Ready", why, timestamp(now));
  service["conditions"] = json::array({failed_condition("ConfigurationsReady", why, timestamp(now))});
}

}  // namespace lambdapool::local::run

// Readers take what is there and leave out what is not: AWS omits members freely. Only a body that is
// not the expected object at all is an error.
#include <nlohmann/json.hpp>

#include "aws/lambda.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

std::string text(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::map<std::string, std::string> texts(const json& object) {
  std::map<std::string, std::string> out;
  if (!object.is_object()) return out;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) out[name] = value.get<std::string>();
  }
  return out;
}

FunctionConfiguration configuration_of(const json& object) {
  FunctionConfiguration out;
  out.name = text(object, "FunctionName");
  out.arn = text(object, "FunctionArn");
  out.runtime = text(object, "Runtime");
  out.role = text(object, "Role");
  out.handler = text(object, "Handler");
  out.description = text(object, "Description");
  out.code_size = number(object, "CodeSize");
  out.code_sha256 = text(object, "CodeSha256");
  out.memory_mb = static_cast<int>(number(object, "MemorySize"));
  out.timeout_s = static_cast<int>(number(object, "Timeout"));
  out.last_modified = text(object, "LastModified");
  out.version = text(object, "Version");
  out.revision_id = text(object, "RevisionId");
  out.state = text(object, "State");
  out.state_reason = text(object, "StateReason");
  out.last_update_status = text(object, "LastUpdateStatus");
  out.last_update_status_reason = text(object, "LastUpdateStatusReason");
  out.architecture = "x86_64";  // what Lambda means where it says nothing
  const auto& architectures = member(object, "Architectures");
  if (architectures.is_array() && !architectures.empty() && architectures[0].is_string()) {
    out.architecture = architectures[0].get<std::string>();
  }
  out.environment = texts(member(member(object, "Environment"), "Variables"));
  const auto& layers = member(object, "Layers");
  if (layers.is_array()) {
    for (const auto& layer : layers) out.layers.push_back({text(layer, "Arn"), number(layer, "CodeSize")});
  }
  return out;
}

bool is_success(const http::Response& response) { return response.status >= 200 && response.status < 300; }

Error unreadable(const http::Response& response, const std::string& what) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the endpoint answered HTTP " + std::to_string(response.status) + " with " + what +
                  "; is it an AWS Lambda endpoint?";
  error.http_status = response.status;
  error.request_id = response.headers.get("x-amzn-requestid");
  error.detail = response.body;
  return error;
}

// The body of a successful answer.
Result<json> object_of(const http::Response& response) {
  if (!is_success(response)) return tl::unexpected(service_error(response));
  auto body = json::parse(response.body, nullptr, false);
  if (!body.is_object()) return tl::unexpected(unreadable(response, "a body that is not a JSON object"));
  return body;
}

}  // namespace

Result<FunctionConfiguration> parse_configuration(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  auto configuration = configuration_of(*body);
  if (configuration.name.empty()) return tl::unexpected(unreadable(response, "no FunctionName"));
  return configuration;
}

Result<FunctionDescription> parse_get_function(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  FunctionDescription out{configuration_of(member(*body, "Configuration")), texts(member(*body, "Tags"))};
  if (out.configuration.name.empty())
    return tl::unexpected(unreadable(response, "no Configuration.FunctionName"));
  return out;
}

Result<FunctionPage> parse_list_functions(const http::Response& response) {
  const auto body = object_of(response);
  if (!body) return tl::unexpected(body.error());
  const auto& functions = member(*body, "Functions");
  if (!functions.is_array()) return tl::unexpected(unreadable(response, "no list of Functions"));
  FunctionPage page;
  for (const auto& function : functions) page.functions.push_back(configuration_of(function));
  if (auto marker = text(*body, "NextMarker"); !marker.empty()) page.next_marker = std::move(marker);
  return page;
}

Result<void> parse_no_content(const http::Response& response) {
  if (!is_success(response)) return tl::unexpected(service_error(response));
  return {};
}

}  // namespace lambdapool::aws

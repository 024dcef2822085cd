#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/lambda/lambda.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

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
  out.log_group = text(member(object, "LoggingConfig"), "LogGroup");
  out.environment = texts(member(member(object, "Environment"), "Variables"));
  const auto& layers = member(object, "Layers");
  if (layers.is_array()) {
    for (const auto& layer : layers) out.layers.push_back({text(layer, "Arn"), number(layer, "CodeSize")});
  }
  if (const auto size = number(member(object, "EphemeralStorage"), "Size"); size > 0)
    out.ephemeral_mb = static_cast<int>(size);
  const auto& vpc = member(object, "VpcConfig");
  out.vpc = {text_list(member(vpc, "SubnetIds")), text_list(member(vpc, "SecurityGroupIds"))};
  return out;
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
  out.code_url = text(member(*body, "Code"), "Location");
  const auto& reserved = member(member(*body, "Concurrency"), "ReservedConcurrentExecutions");
  if (reserved.is_number_integer()) out.reserved_concurrency = reserved.get<int>();
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
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  return {};
}

}  // namespace lambdapool::aws

#include "aws/lambda/configuration.hpp"

#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"

namespace lambdapool::aws {

FunctionConfiguration configuration_of(const nlohmann::json& object) {
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

}  // namespace lambdapool::aws

#include "deploy/function/resolved_request.hpp"

#include <utility>

#include "deploy/function/marks.hpp"
#include "deploy/layer_names.hpp"

namespace lambdapool::deploy {

Result<ResolvedRequest> resolve_request(Session& session, const JudgedRequest& request,
                                        std::optional<std::string> bucket) {
  ResolvedRequest resolved{request.asked, request.code, request.policies, std::move(bucket)};
  if (!request.asked.layers) return resolved;
  auto arns = resolve_layers(session, *request.asked.layers);
  if (!arns) return tl::unexpected(std::move(arns.error()));
  resolved.layers = std::move(*arns);
  return resolved;
}

Function function_of(const aws::FunctionConfiguration& configuration) {
  Function function;
  function.name = configuration.name;
  function.arn = configuration.arn;
  function.runtime = configuration.runtime;
  function.architecture = configuration.architecture;
  function.role = configuration.role;
  function.description = configuration.description;
  function.memory_mb = configuration.memory_mb;
  function.timeout_s = configuration.timeout_s;
  function.ephemeral_mb = configuration.ephemeral_mb;
  function.size_bytes = configuration.code_size;
  function.code_sha256 = configuration.code_sha256;
  function.last_modified = configuration.last_modified;
  for (const auto& layer : configuration.layers) function.layers.push_back({layer.arn, layer.code_size});
  const auto version = configuration.environment.find(version_variable);
  if (version != configuration.environment.end()) function.lambdapool_version = version->second;
  return function;
}

}  // namespace lambdapool::deploy

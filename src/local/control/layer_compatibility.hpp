// What a layer says of itself, and what a list of layers is asked for: judged by the bounds and enumerations
// of PublishLayerVersion and ListLayers in botocore's model of 2026-11. Lambda keeps what a layer names and
// holds nobody to it.
#pragma once

#include <string>
#include <vector>

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"
#include "local/control/router.hpp"

namespace lambdapool::local {

struct LayerDescription {
  std::string description;
  std::string license;
  std::vector<std::string> runtimes;
  std::vector<std::string> architectures;
};

OrRefusal<LayerDescription> read_layer_description(const Json& body);
OrRefusal<void> check_layer_query(const Route& call);  // ?CompatibleRuntime and ?CompatibleArchitecture

}  // namespace lambdapool::local

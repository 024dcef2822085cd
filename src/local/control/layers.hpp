// PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions,
// DeleteLayerVersion.
#pragma once

#include <string>
#include <vector>

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer publish_layer_version(Context& context, Call call, const Json& body);
Answer get_layer_version(Context& context, Call call);
Answer list_layers(Context& context, Call call);
Answer list_layer_versions(Context& context, Call call);
Answer delete_layer_version(Context& context, Call call);

struct LayerTarget {
  std::string name;
  std::int64_t version = 0;
};
OrRefusal<LayerTarget> layer_target(Context& context, Call call);  // of the path's first two variable parts

OrRefusal<std::vector<LayerUse>> find_layers(Context& context, const std::vector<std::string>& arns);

}  // namespace lambdapool::local

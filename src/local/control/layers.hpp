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

OrRefusal<std::vector<LayerUse>> find_layers(Context& context, const std::vector<std::string>& arns);

}  // namespace lambdapool::local

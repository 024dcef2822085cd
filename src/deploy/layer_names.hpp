// Layers by name: those of one's own account and region.
#pragma once

#include <string>
#include <vector>

#include "aws/lambda/layers.hpp"
#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// Newest first; empty where there is no such layer.
Result<std::vector<aws::LayerVersion>> layer_versions(Session& session, const std::string& name);

// The ARNs of what --layers was given: an ARN stands for itself, NAME for the newest version, NAME:VERSION
// for that one. Error not_found for a layer that does not exist.
Result<std::vector<std::string>> resolve_layers(Session& session, const std::vector<std::string>& layers);

tl::unexpected<Error> no_such_layer(const std::string& name);

}  // namespace lambdapool::deploy

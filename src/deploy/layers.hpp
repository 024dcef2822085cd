// What can be done about layers of one's own: published, listed, deleted. As in functions.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aws/lambda/layers.hpp"
#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/events.hpp"
#include "deploy/request.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

using aws::LayerVersion;

// A new version. Errors: invalid_argument, payload_too_large, cancelled, and those of the network.
Result<LayerVersion> publish_layer(Connection& connection, const LayerRequest& request,
                                   const Events& events = {}, const StopToken& stop = {});

// The newest version of each.
Result<std::vector<LayerVersion>> list_layers(Connection& connection, const StopToken& stop = {});

// NAME with all its versions, or NAME:VERSION; the numbers of those that are gone. Error kind not_found.
Result<std::vector<std::int64_t>> delete_layer(Connection& connection, const std::string& layer,
                                               const Events& events = {}, const StopToken& stop = {});

}  // namespace lambdapool::deploy

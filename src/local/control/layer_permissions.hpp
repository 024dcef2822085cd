// AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy: kept and shown. Who reaches
// the service may use all layers.
#pragma once

#include "local/control/operation.hpp"

namespace lambdapool::local {

Answer add_layer_permission(Context& context, Call call, const Json& body);
Answer remove_layer_permission(Context& context, Call call);
Answer get_layer_policy(Context& context, Call call);

}  // namespace lambdapool::local

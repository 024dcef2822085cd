// LoggingConfig and VpcConfig of a request.
#pragma once

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

OrRefusal<void> apply_logging(const Json& body, FunctionConfig& config);
OrRefusal<void> apply_vpc(const Json& body, FunctionConfig& config);

}  // namespace lambdapool::local

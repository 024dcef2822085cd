// LoggingConfig and VpcConfig of a request.
#pragma once

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

OrRefusal<void> apply_logging(const Json& body, FunctionConfig& config);
// TracingConfig, DeadLetterConfig, KMSKeyArn, FileSystemConfigs and SnapStart, which are only kept.
OrRefusal<void> apply_kept(const Json& body, FunctionConfig& config);
OrRefusal<void> apply_vpc(const Json& body, FunctionConfig& config);

}  // namespace lambdapool::local

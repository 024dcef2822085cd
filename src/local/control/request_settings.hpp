// LoggingConfig and VpcConfig of a request. What breaks a rule of the model is noted among the violations;
// everything else that is wrong is the answer.
#pragma once

#include "local/control/function_config.hpp"
#include "local/control/refusal.hpp"

namespace lambdapool::local {

OrRefusal<void> apply_logging(const Json& body, FunctionConfig& config, Violations& violations);
// TracingConfig, DeadLetterConfig, KMSKeyArn, FileSystemConfigs and SnapStart, which are only kept.
OrRefusal<void> apply_kept(const Json& body, FunctionConfig& config, Violations& violations);
OrRefusal<void> apply_vpc(const Json& body, FunctionConfig& config, Violations& violations);

}  // namespace lambdapool::local

// A function's configuration as Lambda's answers have it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "aws/lambda/lambda.hpp"

namespace lambdapool::aws {

// What is missing or of another type is left as it is by default.
FunctionConfiguration configuration_of(const nlohmann::json& object);

}  // namespace lambdapool::aws

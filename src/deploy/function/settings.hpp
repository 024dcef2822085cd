// Judges what was asked for before anything is sent or installed. Each refusal is one sentence.
#pragma once

#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

Result<void> validate_name(const std::string& name);
Result<void> validate_layers(const std::vector<std::string>& layers);  // ARNs, NAME or NAME:VERSION
Result<void> validate_layer_name(const std::string& name);
// What only another provider has.
Result<void> check_on_lambda(const FunctionRequest& request);
Result<void> validate_vpc(const aws::VpcConfig& vpc);
Result<void> validate_values(const FunctionRequest& options);  // the name and what has no other place
Result<void> validate(const FunctionRequest& options);  // all of it, paths and requirements file included

}  // namespace lambdapool::deploy

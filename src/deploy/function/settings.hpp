// Judges what was asked for before anything is sent or installed. Each refusal is one sentence.
#pragma once

#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/function/function_limits.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

Result<void> validate_name(const std::string& name);
Result<void> validate_layers(const std::vector<std::string>& layers);  // ARNs, NAME or NAME:VERSION
Result<void> validate_layer_name(const std::string& name);
// What only another provider has.
Result<void> check_on_lambda(const FunctionRequest& request);
// Packages that were installed for a runtime are not among the paths: neither may be lost without a word.
Result<void> keeps_packages(const std::string& installed_for, const FunctionRequest& asked);
Result<void> validate_vpc(const aws::VpcConfig& vpc);
// The name and what has no other place, by a cloud's limits.
Result<void> validate_values(const FunctionRequest& options, const FunctionLimits& limits);
// All of it, paths and requirements file included.
Result<void> validate(const FunctionRequest& options, const FunctionLimits& limits);

}  // namespace lambdapool::deploy

// A function's environment variables: which may be set, and what becomes of those that it has.
#pragma once

#include <map>
#include <string>

#include "core/error.hpp"
#include "deploy/function/function_limits.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

using Variables = std::map<std::string, std::string>;

// The names that were asked for. Those of the runtime are the cloud's (for AWS: its developer guide,
// "Defined runtime environment variables"), some are lambdapool's.
Result<void> validate_variable_names(const FunctionRequest& options, const FunctionLimits& limits);

// For all of a function's variables on Lambda, which has 4 KB for them, measured as JSON.
Result<void> validate_variables_size(const Variables& variables, const FunctionLimits& limits);

// What the function will have, given what it has. lambdapool's own stay.
Variables changed_variables(const Variables& now, const FunctionRequest& options);

}  // namespace lambdapool::deploy

// A function's environment variables: which may be set, and what becomes of those that it has.
#pragma once

#include <map>
#include <string>

#include "core/error.hpp"
#include "deploy/request.hpp"

namespace lambdapool::deploy {

using Variables = std::map<std::string, std::string>;

// The names that were asked for. Those of the runtime are AWS's (its developer guide,
// "Defined runtime environment variables"), two are lambdapool's.
Result<void> validate_variable_names(const FunctionRequest& options);

// 4 KB for all of a function's variables, measured as Lambda does: as JSON.
Result<void> validate_variables_size(const Variables& variables);

// What the function will have, given what it has. lambdapool's own stay.
Variables changed_variables(const Variables& now, const FunctionRequest& options);

}  // namespace lambdapool::deploy

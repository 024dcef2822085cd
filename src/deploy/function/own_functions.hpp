// The functions that lambdapool made, all together.
#pragma once

#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

// In the order of the service.
Result<std::vector<aws::FunctionConfiguration>> own_functions(Session& session);

// ": did you mean 'NAME'?" where the name of another is much like it, else "", as for those who may not list.
std::string suggested_function(Session& session, const std::string& name);

// Error kind not_found, with the one that may have been meant.
tl::unexpected<Error> no_such_function(Session& session, const std::string& name,
                                       const std::string& place = "");

// " on the target local", " in us-east-1": where it was looked for.
std::string place_of(const Session& session);

}  // namespace lambdapool::deploy

// The roles of Google Cloud that suffice, as bindings. Nothing is asked of Google.
#pragma once

#include <string>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/policy.hpp"

namespace lambdapool::deploy {

// JSON, for people to read: for each resource its bindings, with PROJECT, REGION and ACCOUNT where nothing
// names them. Error kind invalid_argument.
Result<std::string> run_policy(const Connection& connection, const PolicyRequest& request);

}  // namespace lambdapool::deploy

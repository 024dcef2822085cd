// The IAM policies that suffice: nothing is asked of AWS, as they are made before there is anything to ask
// with.
#pragma once

#include <optional>
#include <string>

#include "core/error.hpp"
#include "deploy/connection.hpp"

namespace lambdapool::deploy {

struct PolicyRequest {
  enum class Action { invoke, deploy, logs };
  Action action = Action::invoke;
  std::string name = {};                    // of the function
  std::optional<std::string> account = {};  // else any
  std::optional<std::string> role = {};     // deploy: the function's; else the one that create makes
  std::optional<std::string> bucket = {};   // deploy, invoke: that large packages, or large data, go through
  bool layers = false;                      // deploy: the function uses layers
};

// JSON, for people to read. Error kind invalid_argument.
Result<std::string> policy(const Connection& connection, const PolicyRequest& request);

}  // namespace lambdapool::deploy

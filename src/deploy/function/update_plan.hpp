// What an update has to do; decided before anything is sent.
#pragma once

#include <optional>
#include <string>

#include "aws/lambda/lambda.hpp"
#include "core/error.hpp"
#include "deploy/function/change.hpp"
#include "deploy/function/resolved_request.hpp"
#include "deploy/role/role_policies.hpp"
#include "deploy/session.hpp"
#include "package/package.hpp"

namespace lambdapool::deploy {

struct Plan {
  std::optional<package::Package> code;  // nullopt: none, or what is there already
  Change change;
  std::optional<RolePolicies> policies;  // of the made role, all that it shall have
  std::string role = {};                 // the made role's name, where there are policies
  // The ARN of the made role that the function does not run as after this update.
  std::optional<std::string> left_role = {};

  bool empty() const { return !code && change.empty() && !policies && !left_role; }
};

// Builds the package, says so, and compares everything with the function as it is.
Result<Plan> make_plan(Session& session, const ResolvedRequest& request, const aws::FunctionDescription& now);

// Whether the function has this code and runs it.
bool is_already_there(const package::Package& code, const aws::FunctionConfiguration& now);

}  // namespace lambdapool::deploy

// The role that a function runs as on AWS. Unless the user brings one, create makes one for each function,
// with a name and a path that tell its origin, and delete removes exactly that one again.
#pragma once

#include <string>

#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

struct ExecutionRole {
  std::string arn;
  bool made_now = false;  // false: brought by the user, or left by an earlier run
};

// The role for this function, with the policy to write logs. On an error nothing that was made is left.
Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name);
Result<void> remove_role(Session& session, const std::string& function_name);

// Whether this ARN is that of the role that create makes for this function.
bool is_made_role(const std::string& role_arn, const std::string& function_name);

}  // namespace lambdapool::cli

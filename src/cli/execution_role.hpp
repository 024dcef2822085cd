// The role that a function runs as on AWS. Unless the user brings one, create makes one for each function,
// with a name and a path that tell its origin, and delete removes exactly that one again.
#pragma once

#include <string>

#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

struct ExecutionRole {
  std::string arn;
  bool made_now = false;
};

Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name);
Result<void> remove_role(Session& session, const std::string& function_name);

// Whether this ARN is that of the role that create makes for this function.
bool is_made_role(const std::string& role_arn, const std::string& function_name);

std::string role_name(const std::string& function_name);  // at most 64 characters, IAM's limit

}  // namespace lambdapool::cli

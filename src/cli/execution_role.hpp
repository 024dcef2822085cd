// The role that a function runs as on AWS. Unless the user brings one, create makes one for each function,
// with a name and a path that tell its origin, and delete removes exactly that one again, with whatever
// policies it has: they are attached to nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "cli/role_policies.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

struct ExecutionRole {
  std::string arn;
  bool made_now = false;  // false: brought by the user, or left by an earlier run
};

enum class InVpc { no, yes };

// What the made role may do: write logs, have network interfaces in a VPC, and what was asked for.
RolePolicies made_role_policies(const Session& session, RolePolicies asked, InVpc in_vpc);

// The role for this function with exactly these policies. On an error nothing that was made is left.
Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name,
                                  const RolePolicies& policies);
Result<void> remove_role(Session& session, const std::string& function_name);

// Whether a role that create made for this function is there, though perhaps no function.
Result<bool> made_role_exists(Session& session, const std::string& function_name);

// Whether this ARN is that of the role that create makes for this function.
bool is_made_role(const std::string& role_arn, const std::string& function_name);

// IAM tells Lambda of a new role some seconds later. How long to wait before Lambda is asked again, after it
// said `refusals` times that it can't assume the role; nullopt: it has had its time.
std::optional<std::chrono::milliseconds> role_patience(int refusals, bool made_now);
bool is_role_refusal(const Error& error);
Error role_refused(const std::string& role_arn, const Error& error);

}  // namespace lambdapool::cli

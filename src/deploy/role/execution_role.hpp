// The role that a function runs as on AWS. Unless the user brings one, create makes one for each function,
// and delete removes exactly that one again, with whatever policies it has: they are attached to nothing
// else. IAM is one for all regions while functions are regional, so a role's name and path alone don't tell
// whose it is: tags say for which function in which region it was made, and no other function's verb touches
// it. The first region to ask gets lambdapool-role-FUNCTION, any other lambdapool-role-FUNCTION-REGION.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/role/role_policies.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

struct ExecutionRole {
  std::string name;
  std::string arn;
  bool made_now = false;  // false: brought by the user, or left by an earlier run
};

enum class InVpc { no, yes };

// What the made role may do: write logs, have network interfaces in a VPC, and what was asked for.
RolePolicies made_role_policies(const Session& session, RolePolicies asked, InVpc in_vpc);

// The role for this function with exactly these policies. On an error nothing that was made is left.
Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name,
                                  const RolePolicies& policies);
Result<void> remove_role(Session& session, const std::string& role_name);

// The name that ensure_role would make or find a role by.
Result<std::string> future_role_name(Session& session, const std::string& function_name);

// The roles that create made for this function in this region, though there may be no function.
Result<std::vector<std::string>> made_roles(Session& session, const std::string& function_name);

// The name of the role with this ARN if create made it for this function in this region; nullopt if not, or
// if it is gone.
Result<std::optional<std::string>> made_role(Session& session, const std::string& role_arn,
                                             const std::string& function_name);

// Whether the ARN is one that create gives to a role of this function, in this region or another.
bool has_made_name(const Session& session, const std::string& role_arn, const std::string& function_name);

// IAM tells Lambda of a new role some seconds later. How long to wait before Lambda is asked again, after it
// said `refusals` times that it can't assume the role; nullopt: it has had its time.
std::optional<std::chrono::milliseconds> role_patience(int refusals, bool made_now);
bool is_role_refusal(const Error& error);
Error role_refused(const std::string& role_arn, const Error& error);

}  // namespace lambdapool::deploy

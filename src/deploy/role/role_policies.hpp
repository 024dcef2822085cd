// What a role that lambdapool makes may do: the policies that were asked for beside the one to write logs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {

struct RolePolicies {
  std::vector<std::string> attached = {};       // ARNs of managed policies
  std::map<std::string, std::string> own = {};  // inline ones: name and JSON document
};

// ARNs as they are; anything else is a file that holds a policy as JSON, which becomes an inline policy of
// the file's name. Errors: invalid_argument, with the line where a file is not JSON.
Result<RolePolicies> read_policies(const std::vector<std::string>& given);

// Adding what is there already changes nothing; dropping keeps exactly `keep`.
Result<void> add_policies(Session& iam, const std::string& role, const RolePolicies& policies);
Result<void> drop_policies(Session& iam, const std::string& role, const RolePolicies& keep);

// Whether the role has these and no others. False also where that can't be looked at.
bool has_exactly(Session& iam, const std::string& role, const RolePolicies& policies);

}  // namespace lambdapool::deploy

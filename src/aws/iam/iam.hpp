// The IAM calls that give a function its role, in AWS's query protocol: a form out, XML back. Signed for
// signing_region("iam", region). No sockets, no clock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::iam {

// "lambdapool-role-FUNCTION"; role names have at most 64 characters, so a long function name is cut and
// ends in eight digits of its hash.
std::string role_name_for(const std::string& function);

// "lambdapool-role-FUNCTION-REGION": IAM is one for all regions, so where the function of another region has
// the first name, this is the second. The region is never cut, and may be "*" for a policy.
std::string role_name_for(const std::string& function, const std::string& region);

// arn:PARTITION:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole: may write its logs, no more.
std::string basic_execution_policy_arn(const std::string& partition);

// arn:PARTITION:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole: the same, and the network
// interfaces of a VPC.
std::string vpc_policy_arn(const std::string& partition);

struct Role {
  std::string name;
  std::string arn;
  std::string path;
  std::map<std::string, std::string> tags = {};
};

struct PolicyPage {
  std::vector<std::string> policies;  // ARNs of attached ones, names of inline ones
  std::optional<std::string> next_marker = {};
};

// CreateRole makes a role under the path /lambdapool/ that Lambda may assume.
http::Request create_role_request(const std::string& name, const std::string& description,
                                  const std::map<std::string, std::string>& tags = {});
http::Request get_role_request(const std::string& name);
http::Request attach_role_policy_request(const std::string& name, const std::string& policy_arn);
http::Request detach_role_policy_request(const std::string& name, const std::string& policy_arn);
http::Request list_attached_role_policies_request(const std::string& name,
                                                  const std::optional<std::string>& marker = {});
http::Request put_role_policy_request(const std::string& name, const std::string& policy,
                                      const std::string& document);
http::Request get_role_policy_request(const std::string& name, const std::string& policy);
http::Request delete_role_policy_request(const std::string& name, const std::string& policy);
http::Request list_role_policies_request(const std::string& name,
                                         const std::optional<std::string>& marker = {});
http::Request delete_role_request(const std::string& name);

Result<Role> parse_role(const http::Response& response);  // CreateRole, GetRole
Result<PolicyPage> parse_attached_policies(const http::Response& response);
Result<PolicyPage> parse_policy_names(const http::Response& response);
Result<std::string> parse_role_policy(const http::Response& response);  // GetRolePolicy: the JSON document
Result<void> parse_done(const http::Response& response);  // AttachRolePolicy, DetachRolePolicy, DeleteRole

}  // namespace lambdapool::aws::iam

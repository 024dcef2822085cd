// The least IAM policies for what lambdapool does, as JSON documents ready for use.
//
// ARNs name an account, which nobody can know without asking AWS. "*" in its place grants nothing more: an
// identity's policy reaches into another account only where that account's own policy lets it in.
#pragma once

#include <optional>
#include <string>

namespace lambdapool::aws {

// What the ARNs have in common. "*" stands for any region or account.
struct PolicyScope {
  std::string partition = "aws";
  std::string region = "*";
  std::string account = "*";
};

// lambda:InvokeFunction, with which a pool can do all that it does.
// With a bucket also what a pool does with data that does not fit a call: objects below lambdapool-data/.
std::string invoke_policy(const PolicyScope& scope, const std::string& function,
                          const std::optional<std::string>& bucket = {});

struct DeployPermissions {
  std::optional<std::string> role_arn = {};  // else `create` makes a role of its own, and `delete` removes it
  std::optional<std::string> bucket = {};    // for packages that go through S3
  bool layers = false;                       // the function uses layers
};
// create, list, update and delete of one function.
std::string deploy_policy(const PolicyScope& scope, const std::string& function,
                          const DeployPermissions& permissions);

std::string logs_policy(const PolicyScope& scope, const std::string& function);

}  // namespace lambdapool::aws

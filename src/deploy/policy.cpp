#include "deploy/policy.hpp"

#include <algorithm>

#include "aws/credentials/credentials.hpp"
#include "aws/endpoint.hpp"
#include "aws/iam/policy.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/run/run_policy.hpp"

namespace lambdapool::deploy {
namespace {

Result<void> validate_policy_request(const Connection& connection, const PolicyRequest& request) {
  if (connection.options().target == "local")
    return fail(ErrorKind::invalid_argument,
                "the target local has no permissions to grant, so --target local does not go with policy.");
  if (connection.target_name() == "gcp-local")
    return fail(ErrorKind::invalid_argument,
                "the target gcp-local has no permissions to grant, so it does not go with policy.");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (request.account && (request.account->size() != 12 ||
                          !std::all_of(request.account->begin(), request.account->end(), is_digit)))
    return fail(ErrorKind::invalid_argument,
                "'" + *request.account + "' is not an AWS account, which is a number of twelve digits.");
  if (request.action != PolicyRequest::Action::deploy && (request.role || request.layers))
    return fail(ErrorKind::invalid_argument,
                "--role and --layers say what is deployed: they go with policy deploy only.");
  if (request.action == PolicyRequest::Action::logs && request.bucket)
    return fail(ErrorKind::invalid_argument,
                "--bucket names where packages or data go: it goes with policy deploy and invoke only.");
  return validate_name(request.name);
}

aws::PolicyScope scope_of(const Connection& connection, const PolicyRequest& request) {
  aws::PolicyScope out;
  if (const auto region = aws::resolve_region(connection.options().aws, connection.environment())) {
    out.region = *region;
    out.partition = aws::partition_of(*region);
  }
  if (request.account) out.account = *request.account;
  return out;
}

}  // namespace

Result<std::string> policy(const Connection& connection, const PolicyRequest& request) {
  if (auto valid = validate_policy_request(connection, request); !valid) return tl::unexpected(valid.error());
  if (connection.is_google()) return run_policy(connection, request);
  const auto where = scope_of(connection, request);
  switch (request.action) {
    case PolicyRequest::Action::invoke:
      return aws::invoke_policy(where, request.name, request.bucket);
    case PolicyRequest::Action::logs:
      return aws::logs_policy(where, request.name);
    default:
      return aws::deploy_policy(where, request.name, {request.role, request.bucket, request.layers});
  }
}

}  // namespace lambdapool::deploy

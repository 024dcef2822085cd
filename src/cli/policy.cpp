#include "aws/iam/policy.hpp"

#include <algorithm>
#include <iostream>

#include "aws/credentials/credentials.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

Result<void> validate(const Context& context, const PolicyOptions& options) {
  if (context.connection.target == "local")
    return fail(ErrorKind::invalid_argument,
                "the target local has no permissions to grant, so --target local does not go with policy.");
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (options.account && (options.account->size() != 12 ||
                          !std::all_of(options.account->begin(), options.account->end(), is_digit)))
    return fail(ErrorKind::invalid_argument,
                "'" + *options.account + "' is not an AWS account, which is a number of twelve digits.");
  if (options.action != "deploy" && (options.role || options.layers))
    return fail(ErrorKind::invalid_argument,
                "--role and --layers say what is deployed: they go with policy deploy only.");
  if (options.action == "logs" && options.bucket)
    return fail(ErrorKind::invalid_argument,
                "--bucket names where packages or data go: it goes with policy deploy and invoke only.");
  return validate_name(options.name);
}

// Nothing is asked of AWS: policies are made before there is anything to ask with.
aws::PolicyScope scope(const Context& context, const PolicyOptions& options) {
  aws::Explicit given;
  given.region = context.connection.region;
  given.profile = context.connection.profile;
  aws::PolicyScope out;
  if (const auto region = aws::resolve_region(given, context.environment)) {
    out.region = *region;
    out.partition = aws::partition_of(*region);
  }
  if (options.account) out.account = *options.account;
  return out;
}

}  // namespace

Result<void> print_policy(const Context& context, const PolicyOptions& options) {
  if (auto valid = validate(context, options); !valid) return valid;
  const auto where = scope(context, options);
  if (options.action == "invoke")
    std::cout << aws::invoke_policy(where, options.name, options.bucket);
  else if (options.action == "logs")
    std::cout << aws::logs_policy(where, options.name);
  else
    std::cout << aws::deploy_policy(where, options.name, {options.role, options.bucket, options.layers});
  return {};
}

}  // namespace lambdapool::cli

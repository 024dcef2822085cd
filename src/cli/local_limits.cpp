#include "cli/local_limits.hpp"

#include "cli/code.hpp"
#include "cli/progress.hpp"

namespace lambdapool::cli {

void say_no_bucket() {
  say("The local target has no buckets and needs none: a package of up to 250 MB unzipped goes without one.");
}

Result<void> check_on_local(const Session& session, const FunctionOptions& options) {
  if (!session.is_local()) return {};
  const auto given = [](const auto& list) { return list && !list->empty(); };
  if (given(options.subnets) || given(options.security_groups))
    return fail(ErrorKind::invalid_argument,
                "the local target has no VPC, so --subnet and --security-group do not go with it.");
  if (options.architecture && *options.architecture != this_machines_architecture())
    return fail(ErrorKind::invalid_argument, "the local target is this machine, which is " +
                                                 this_machines_architecture() + " and not " +
                                                 *options.architecture + ".");
  if (options.bucket) say_no_bucket();
  if (given(options.policies))
    say("The local target has no IAM: the policies are checked and otherwise left out.");
  return {};
}

}  // namespace lambdapool::cli

#include "deploy/local_limits.hpp"

#include "deploy/code/code.hpp"

namespace lambdapool::deploy {

void tell_no_bucket(const Session& session) {
  session.tell(
      Event::Kind::note,
      "The local target has no buckets and needs none: a package of up to 250 MB unzipped goes without one.");
}

Result<void> check_on_local(const Session& session, const FunctionRequest& asked) {
  if (!session.is_local()) return {};
  const auto given = [](const auto& list) { return list && !list->empty(); };
  if (given(asked.subnets) || given(asked.security_groups))
    return fail(ErrorKind::invalid_argument,
                "the local target has no VPC, so --subnet and --security-group do not go with it.");
  if (asked.architecture && *asked.architecture != this_machines_architecture())
    return fail(ErrorKind::invalid_argument, "the local target is this machine, which is " +
                                                 this_machines_architecture() + " and not " +
                                                 *asked.architecture + ".");
  if (asked.response_mode)
    return fail(
        ErrorKind::invalid_argument,
        "--response-mode is for AWS: workers of the local target always stream what does not fit an answer.");
  if (asked.bucket) tell_no_bucket(session);
  if (given(asked.policies))
    session.tell(Event::Kind::note,
                 "The local target has no IAM: the policies are checked and otherwise left out.");
  return {};
}

}  // namespace lambdapool::deploy

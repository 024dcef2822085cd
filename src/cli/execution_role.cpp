#include "cli/execution_role.hpp"

#include <memory>

#include "aws/credentials.hpp"
#include "aws/iam.hpp"

namespace lambdapool::cli {
namespace {

using aws::iam::role_name_for;

template <class T>
Result<T> call(Session& iam, const http::Request& request, Result<T> (*parse)(const http::Response&)) {
  const auto answer = iam.send(request, Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  return parse(*answer);
}

// Gone is what is wanted, so that it is gone already is no error.
Result<void> gone(Result<void> done) {
  return !done && done.error().kind == ErrorKind::not_found ? Result<void>{} : done;
}

Result<void> remove(Session& iam, const std::string& role, const std::string& policy) {
  const auto detached =
      gone(call(iam, aws::iam::detach_role_policy_request(role, policy), aws::iam::parse_done));
  if (!detached) return detached;
  return gone(call(iam, aws::iam::delete_role_request(role), aws::iam::parse_done));
}

// IAM answers 409 where the role exists. Sent again after a lost answer it may be our own, which then
// counts as an earlier run's: better to keep a role too many than to remove one that is not ours.
Result<ExecutionRole> make_or_find(Session& iam, const std::string& role, const std::string& function_name) {
  const auto made =
      call(iam, aws::iam::create_role_request(role, "Runs the lambdapool function " + function_name),
           aws::iam::parse_role);
  if (made) return ExecutionRole{made->arn, true};
  if (made.error().kind != ErrorKind::conflict) return tl::unexpected(made.error());
  return call(iam, aws::iam::get_role_request(role), aws::iam::parse_role)
      .map([](const aws::iam::Role& found) {
        return ExecutionRole{found.arn, false};
      });
}

std::string basic_policy(const Session& session) {
  return aws::iam::basic_execution_policy_arn(aws::partition_of(session.target().region));
}

}  // namespace

Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on)
    return tl::unexpected(go_on.error());
  (*iam)->see_through();  // a request that is given up half-way might leave a role behind
  const std::string name = role_name_for(function_name), policy = basic_policy(session);
  auto role = make_or_find(**iam, name, function_name);
  if (!role) return role;
  const auto attached = call(**iam, aws::iam::attach_role_policy_request(name, policy), aws::iam::parse_done);
  if (attached) return role;
  if (role->made_now) (void)remove(**iam, name, policy);
  return tl::unexpected(attached.error());
}

Result<void> remove_role(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  (*iam)->see_through();
  const std::string name = role_name_for(function_name);
  const auto removed = remove(**iam, name, basic_policy(session));
  if (removed) return removed;
  return fail(removed.error().kind, "role " + name + " could not be removed: " + removed.error().message);
}

bool is_made_role(const std::string& role_arn, const std::string& function_name) {
  return role_arn.ends_with(":role/lambdapool/" + role_name_for(function_name));
}

}  // namespace lambdapool::cli

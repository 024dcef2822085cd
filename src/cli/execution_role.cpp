#include "cli/execution_role.hpp"

#include <algorithm>
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

Result<void> remove(Session& iam, const std::string& role) {
  if (auto dropped = drop_policies(iam, role, {}); !dropped) return dropped;
  const auto deleted = call(iam, aws::iam::delete_role_request(role), aws::iam::parse_done);
  if (deleted || deleted.error().kind == ErrorKind::not_found) return {};
  return deleted;
}

// IAM answers 409 where the role exists. Sent again after a lost answer it may be our own, which then
// counts as an earlier run's: better to keep a role too many than to remove one that is not ours.
Result<ExecutionRole> make_or_find(Session& iam, const std::string& role, const std::string& function_name) {
  const auto made =
      call(iam, aws::iam::create_role_request(role, "Runs the lambdapool function " + function_name),
           aws::iam::parse_role);
  if (made) return ExecutionRole{made->arn, true};
  if (made.error().kind != ErrorKind::conflict) return tl::unexpected(made.error());
  const auto found = call(iam, aws::iam::get_role_request(role), aws::iam::parse_role);
  if (!found) return tl::unexpected(found.error());
  if (!is_made_role(found->arn, function_name))
    return fail(ErrorKind::conflict,
                "role " + found->arn +
                    " has the name that lambdapool gives the function's role, but was not "
                    "made by it; name the role with --role.");
  return ExecutionRole{found->arn, false};
}

}  // namespace

RolePolicies made_role_policies(const Session& session, RolePolicies asked, InVpc in_vpc) {
  const std::string partition = aws::partition_of(session.target().region);
  const auto attach = [&](const std::string& arn) {
    auto& attached = asked.attached;
    if (std::find(attached.begin(), attached.end(), arn) == attached.end()) attached.push_back(arn);
  };
  attach(aws::iam::basic_execution_policy_arn(partition));
  if (in_vpc == InVpc::yes) attach(aws::iam::vpc_policy_arn(partition));
  return asked;
}

Result<ExecutionRole> ensure_role(Session& session, const std::string& function_name,
                                  const RolePolicies& policies) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on)
    return tl::unexpected(go_on.error());
  (*iam)->see_through();  // a request that is given up half-way might leave a role behind
  const std::string name = role_name_for(function_name);
  auto role = make_or_find(**iam, name, function_name);
  if (!role) return role;
  Result<void> done = add_policies(**iam, name, policies);
  if (done && !role->made_now) done = drop_policies(**iam, name, policies);
  if (done) return role;
  if (role->made_now) (void)remove(**iam, name);
  return tl::unexpected(done.error());
}

Result<void> remove_role(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  (*iam)->see_through();
  const std::string name = role_name_for(function_name);
  const auto removed = remove(**iam, name);
  if (removed) return removed;
  return fail(removed.error().kind, "role " + name + " could not be removed: " + removed.error().message);
}

Result<bool> made_role_exists(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  const auto found =
      call(**iam, aws::iam::get_role_request(role_name_for(function_name)), aws::iam::parse_role);
  if (found) return is_made_role(found->arn, function_name);
  if (found.error().kind == ErrorKind::not_found) return false;
  return tl::unexpected(found.error());
}

bool is_made_role(const std::string& role_arn, const std::string& function_name) {
  return role_arn.ends_with(":role/lambdapool/" + role_name_for(function_name));
}

// A made role is known within seconds, says AWS; a brought one is probably refused for good.
std::optional<std::chrono::milliseconds> role_patience(int refusals, bool made_now) {
  constexpr int made_max = 14, brought_max = 3;  // together 1+2+4+8*11 = 95 s, and 1+2+4 = 7 s
  if (refusals > (made_now ? made_max : brought_max)) return std::nullopt;
  return std::chrono::seconds{1 << std::min(refusals - 1, 3)};
}

bool is_role_refusal(const Error& error) {
  constexpr const char* text = "cannot be assumed by Lambda";
  return error.message.find(text) != std::string::npos || error.detail.find(text) != std::string::npos;
}

Error role_refused(const std::string& role_arn, const Error& error) {
  Error told = error;
  told.message =
      "Lambda can't assume role " + role_arn +
      ": its trust policy must allow sts:AssumeRole to the principal lambda.amazonaws.com (and the "
      "role must be in the function's account).";
  return told;
}

}  // namespace lambdapool::cli

#include "deploy/role/execution_role.hpp"

#include <algorithm>
#include <memory>

#include "aws/credentials/credentials.hpp"
#include "aws/endpoint.hpp"
#include "aws/iam/iam.hpp"
#include "deploy/function/marks.hpp"

namespace lambdapool::deploy {
namespace {

using aws::iam::role_name_for;

Result<void> remove_whole_role(Session& iam, const std::string& role) {
  if (auto dropped = drop_policies(iam, role, {}); !dropped) return dropped;
  const auto deleted = call(iam, aws::iam::delete_role_request(role), aws::iam::parse_done);
  if (deleted || deleted.error().kind == ErrorKind::not_found) return {};
  return deleted;
}

std::vector<std::string> possible_names(const Session& session, const std::string& function_name) {
  return {role_name_for(function_name), role_name_for(function_name, session.target().region)};
}

bool is_for(const aws::iam::Role& role, const Session& session, const std::string& function_name) {
  const auto says = [&](const char* tag, const std::string& value) {
    const auto found = role.tags.find(tag);
    return found != role.tags.end() && found->second == value;
  };
  return says(function_tag, function_name) && says(region_tag, session.target().region) &&
         has_made_name(session, role.arn, function_name);
}

// nullopt where there is no such role.
Result<std::optional<aws::iam::Role>> find_role(Session& iam, const std::string& name) {
  auto found = call(iam, aws::iam::get_role_request(name), aws::iam::parse_role);
  if (found) return std::optional(std::move(*found));
  if (found.error().kind == ErrorKind::not_found) return std::optional<aws::iam::Role>{};
  return tl::unexpected(found.error());
}

// IAM answers 409 where the role exists. Sent again after a lost answer it may be our own, which then
// counts as an earlier run's: better to keep a role too many than to remove one that is not ours.
Result<ExecutionRole> make_or_find(Session& iam, const std::string& function_name) {
  const std::map<std::string, std::string> tags = {{function_tag, function_name},
                                                   {region_tag, iam.target().region}};
  for (const std::string& name : possible_names(iam, function_name)) {
    const auto request =
        aws::iam::create_role_request(name, "Runs the lambdapool function " + function_name, tags);
    const auto made = call(iam, request, aws::iam::parse_role);
    if (made) return ExecutionRole{name, made->arn, true};
    if (made.error().kind != ErrorKind::conflict) return tl::unexpected(made.error());
    const auto found = call(iam, aws::iam::get_role_request(name), aws::iam::parse_role);
    if (!found) return tl::unexpected(found.error());
    if (is_for(*found, iam, function_name)) return ExecutionRole{name, found->arn, false};
  }
  const auto names = possible_names(iam, function_name);
  return fail(ErrorKind::conflict, "the roles " + names[0] + " and " + names[1] +
                                       " exist, but were not made for this function in this region; name a "
                                       "role with --role.");
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
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  (*iam)->see_through();  // a request that is given up half-way might leave a role behind
  auto role = make_or_find(**iam, function_name);
  if (!role) return role;
  Result<void> done = add_policies(**iam, role->name, policies);
  if (done && !role->made_now) done = drop_policies(**iam, role->name, policies);
  if (done) return role;
  if (role->made_now) (void)remove_whole_role(**iam, role->name);
  return tl::unexpected(done.error());
}

Result<void> remove_role(Session& session, const std::string& role_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  (*iam)->see_through();
  const auto removed = remove_whole_role(**iam, role_name);
  if (removed) return removed;
  return fail(removed.error().kind,
              "role " + role_name + " could not be removed: " + removed.error().message);
}

Result<std::string> future_role_name(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  const auto names = possible_names(session, function_name);
  const auto first = find_role(**iam, names.front());
  if (!first) return tl::unexpected(first.error());
  return !*first || is_for(**first, session, function_name) ? names.front() : names.back();
}

Result<std::vector<std::string>> made_roles(Session& session, const std::string& function_name) {
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  std::vector<std::string> made;
  for (const std::string& name : possible_names(session, function_name)) {
    const auto found = find_role(**iam, name);
    if (!found) return tl::unexpected(found.error());
    if (*found && is_for(**found, session, function_name)) made.push_back(name);
  }
  return made;
}

Result<std::optional<std::string>> made_role(Session& session, const std::string& role_arn,
                                             const std::string& function_name) {
  if (!has_made_name(session, role_arn, function_name)) return std::optional<std::string>{};
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  const std::string name = role_arn.substr(role_arn.rfind('/') + 1);
  const auto found = find_role(**iam, name);
  if (!found) return tl::unexpected(found.error());
  if (!*found || !is_for(**found, session, function_name)) return std::optional<std::string>{};
  return std::optional(name);
}

bool has_made_name(const Session& session, const std::string& role_arn, const std::string& function_name) {
  const auto names = possible_names(session, function_name);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return role_arn.ends_with(":role/lambdapool/" + name); });
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

}  // namespace lambdapool::deploy

#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/lambda_functions.hpp"
#include "deploy/role/execution_role.hpp"
#include "deploy/session.hpp"

namespace lambdapool::deploy {
namespace {

// What an interrupted create may have left where there is no function. That we may not look is no reason to
// say anything else than that there is no function.
Result<std::vector<std::string>> left_roles(Session& session, const std::string& name,
                                            const Error& no_function) {
  if (session.is_local() || no_function.kind != ErrorKind::not_found) return tl::unexpected(no_function);
  auto left = made_roles(session, name);
  if (!left || left->empty()) return tl::unexpected(no_function);
  return left;
}

// The roles that go with the function. `warnings`: of those that stay although their name is lambdapool's.
struct RolesToRemove {
  std::vector<std::string> names = {};
  std::vector<std::string> warnings = {};
};

Result<RolesToRemove> roles_to_remove(Session& session, const aws::FunctionDescription& function) {
  RolesToRemove out;
  const std::string& name = function.configuration.name;
  std::vector<std::string> arns = {function.configuration.role};
  if (const auto left = function.tags.find(left_role_tag); left != function.tags.end())
    arns.push_back(left->second);
  for (const std::string& arn : arns) {
    if (session.is_local() || !has_made_name(session, arn, name)) continue;
    const auto made = made_role(session, arn, name);
    if (!made && made.error().kind == ErrorKind::cancelled) return tl::unexpected(made.error());
    if (!made)
      out.warnings.push_back("role " + arn + " is left: " + made.error().message);
    else if (*made)
      out.names.push_back(**made);
    else if (arn == function.configuration.role)
      out.warnings.push_back("role " + arn + " is left, because its tags do not say that it was made for " +
                             "function " + name + " in " + session.target().region + ".");
  }
  return out;
}

void remove_roles(Session& session, const RolesToRemove& roles) {
  for (const std::string& role : roles.names)
    if (auto removed = remove_role(session, role); !removed)
      session.tell(Event::Kind::warning, removed.error().message);
  for (const std::string& warning : roles.warnings) session.tell(Event::Kind::warning, warning);
}

// Everything before the first change.
struct RemovalPreparation {
  std::unique_ptr<Session> session;
  Removal removal = {};
  RolesToRemove roles = {};
};

Result<RemovalPreparation> prepare_removal(Connection& connection, const std::string& name,
                                           const Events& events, const StopToken& stop) {
  if (auto valid = validate_name(name); !valid) return tl::unexpected(valid.error());
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  RemovalPreparation prepared{std::move(*session)};
  const auto function = own_function(*prepared.session, name);
  if (!function) {
    auto left = left_roles(*prepared.session, name, function.error());
    if (!left) return tl::unexpected(left.error());
    prepared.removal = {false, std::move(*left)};
    return prepared;
  }
  auto roles = roles_to_remove(*prepared.session, *function);
  if (!roles) return tl::unexpected(roles.error());
  prepared.removal.roles = roles->names;
  prepared.roles = std::move(*roles);
  return prepared;
}

}  // namespace

Result<Removal> LambdaFunctions::remove(Connection& connection, const std::string& name, const Events& events,
                                        const StopToken& stop) const {
  auto prepared = prepare_removal(connection, name, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  Session& session = *prepared->session;
  if (!prepared->removal.of_function) {
    for (const std::string& role : prepared->removal.roles) {
      if (auto removed = remove_role(session, role); !removed) return tl::unexpected(removed.error());
      session.tell(Event::Kind::removed_left_role, role);
    }
    return std::move(prepared->removal);
  }
  session.see_through();
  session.tell(Event::Kind::begun, name);
  const auto answer = session.send(aws::delete_function_request(name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto deleted = aws::parse_no_content(*answer);
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return tl::unexpected(deleted.error());
  remove_roles(session, prepared->roles);
  return std::move(prepared->removal);
}

Result<Removal> LambdaFunctions::plan_removal(Connection& connection, const std::string& name,
                                              const Events& events, const StopToken& stop) const {
  auto prepared = prepare_removal(connection, name, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  return std::move(prepared->removal);
}

}  // namespace lambdapool::deploy

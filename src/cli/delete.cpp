#include <iostream>
#include <string>
#include <vector>

#include "aws/lambda/lambda.hpp"
#include "cli/deployed_function.hpp"
#include "cli/execution_role.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

// What an interrupted create may have left where there is no function. That we may not look is no reason to
// say anything else than that there is no function.
Result<void> remove_left_role(Session& session, const DeleteOptions& options, const Error& no_function) {
  if (session.is_local() || no_function.kind != ErrorKind::not_found) return tl::unexpected(no_function);
  const auto left = made_roles(session, options.name);
  if (!left || left->empty()) return tl::unexpected(no_function);
  for (const std::string& role : *left) {
    if (options.dry_run) {
      say("Would remove the role " + role + ", which an interrupted create left");
      continue;
    }
    if (auto removed = remove_role(session, role); !removed) return removed;
    say("There was no function " + options.name + "; its role " + role +
        ", which an interrupted create had left, is removed.");
  }
  return {};
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

void tell(const std::string& name, const RolesToRemove& roles) {
  say("Would delete function " + name);
  for (const std::string& role : roles.names) say("Would remove the role " + role);
  say("=== Dry run: nothing was changed ===");
}

void remove(Session& session, const RolesToRemove& roles) {
  for (const std::string& role : roles.names)
    if (auto removed = remove_role(session, role); !removed)
      std::cerr << "Warning: " << removed.error().message << "\n";
  for (const std::string& warning : roles.warnings) std::cerr << "Warning: " << warning << "\n";
}

}  // namespace

Result<void> delete_function(const Context& context, const DeleteOptions& options) {
  if (auto valid = validate_name(options.name); !valid) return valid;
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  const auto function = own_function(**session, options.name);
  if (!function) return remove_left_role(**session, options, function.error());
  const auto roles = roles_to_remove(**session, *function);
  if (!roles) return tl::unexpected(roles.error());
  if (options.dry_run) {
    tell(options.name, *roles);
    return {};
  }
  (*session)->see_through();
  say("=== Deleting lambdapool function ===");
  const auto answer = (*session)->send(aws::delete_function_request(options.name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto deleted = aws::parse_no_content(*answer);
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return deleted;
  remove(**session, *roles);
  say("=== Deleted lambdapool function " + options.name + "===");
  return {};
}

}  // namespace lambdapool::cli

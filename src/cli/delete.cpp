#include <iostream>
#include <optional>
#include <string>

#include "aws/lambda.hpp"
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

// The role that goes with the function, and what there is to say of one that stays although its name is
// lambdapool's.
struct RoleToRemove {
  std::optional<std::string> name = {};
  std::string warning = {};
};

Result<RoleToRemove> role_to_remove(Session& session, const std::string& function, const std::string& arn) {
  if (session.is_local() || !has_made_name(session, arn, function)) return RoleToRemove{};
  const auto made = made_role(session, arn, function);
  if (!made && made.error().kind == ErrorKind::cancelled) return tl::unexpected(made.error());
  if (!made) return RoleToRemove{{}, "role " + arn + " is left: " + made.error().message};
  if (!*made)
    return RoleToRemove{{},
                        "role " + arn +
                            " is left, because its tags do not say that it was made for function " +
                            function + " in " + session.target().region + "."};
  return RoleToRemove{*made};
}

void tell(const std::string& name, const RoleToRemove& role) {
  say("Would delete function " + name);
  if (role.name) say("Would remove the role " + *role.name);
  say("=== Dry run: nothing was changed ===");
}

void remove(Session& session, RoleToRemove role) {
  if (role.name)
    if (auto removed = remove_role(session, *role.name); !removed) role.warning = removed.error().message;
  if (!role.warning.empty()) std::cerr << "Warning: " << role.warning << "\n";
}

}  // namespace

Result<void> delete_function(const Context& context, const DeleteOptions& options) {
  if (auto valid = validate_name(options.name); !valid) return valid;
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  const auto function = own_function(**session, options.name);
  if (!function) return remove_left_role(**session, options, function.error());
  const auto role = role_to_remove(**session, options.name, function->configuration.role);
  if (!role) return tl::unexpected(role.error());
  if (options.dry_run) {
    tell(options.name, *role);
    return {};
  }
  (*session)->see_through();
  say("=== Deleting lambdapool function ===");
  const auto answer = (*session)->send(aws::delete_function_request(options.name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto deleted = aws::parse_no_content(*answer);
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return deleted;
  remove(**session, *role);
  say("=== Deleted lambdapool function " + options.name + "===");
  return {};
}

}  // namespace lambdapool::cli

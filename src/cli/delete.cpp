#include <iostream>

#include "aws/iam.hpp"
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
  const auto left = made_role_exists(session, options.name);
  if (!left || !*left) return tl::unexpected(no_function);
  const std::string role = aws::iam::role_name_for(options.name);
  if (options.dry_run) {
    say("Would remove the role " + role + ", which an interrupted create left");
    return {};
  }
  if (auto removed = remove_role(session, options.name); !removed) return removed;
  say("There was no function " + options.name + "; its role " + role +
      ", which an interrupted create had left, is removed.");
  return {};
}

void tell(const std::string& name, bool with_role) {
  say("Would delete function " + name);
  if (with_role) say("Would remove the role " + aws::iam::role_name_for(name));
  say("=== Dry run: nothing was changed ===");
}

}  // namespace

Result<void> delete_function(const Context& context, const DeleteOptions& options) {
  if (auto valid = validate_name(options.name); !valid) return valid;
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  const auto function = own_function(**session, options.name);
  if (!function) return remove_left_role(**session, options, function.error());
  const bool with_role = !(*session)->is_local() && is_made_role(function->configuration.role, options.name);
  if (options.dry_run) {
    tell(options.name, with_role);
    return {};
  }
  (*session)->see_through();
  say("=== Deleting lambdapool function ===");
  const auto answer = (*session)->send(aws::delete_function_request(options.name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto deleted = aws::parse_no_content(*answer);
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return deleted;
  if (with_role)
    if (auto removed = remove_role(**session, options.name); !removed)
      std::cerr << "Warning: " << removed.error().message << "\n";
  say("=== Deleted lambdapool function " + options.name + "===");
  return {};
}

}  // namespace lambdapool::cli

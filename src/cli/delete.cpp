#include <iostream>

#include "aws/lambda.hpp"
#include "cli/deployed_function.hpp"
#include "cli/execution_role.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {

Result<void> delete_function(const Context& context, const DeleteOptions& options) {
  if (auto valid = validate_name(options.name); !valid) return valid;
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  const auto function = own_function(**session, options.name);
  if (!function) return tl::unexpected(function.error());
  (*session)->see_through();
  say("=== Deleting lambdapool function ===");
  const auto answer = (*session)->send(aws::delete_function_request(options.name), Repeatable::yes);
  if (!answer) return tl::unexpected(answer.error());
  const auto deleted = aws::parse_no_content(*answer);
  // Not there any more: an earlier attempt of ours got through, or somebody else was faster.
  if (!deleted && deleted.error().kind != ErrorKind::not_found) return deleted;
  if (!(*session)->is_local() && is_made_role(function->configuration.role, options.name))
    if (auto removed = remove_role(**session, options.name); !removed)
      std::cerr << "Warning: " << removed.error().message << "\n";
  say("=== Deleted lambdapool function " + options.name + "===");
  return {};
}

}  // namespace lambdapool::cli

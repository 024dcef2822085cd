#include <algorithm>

#include "deploy/checkup/checkup.hpp"
#include "deploy/function/settings.hpp"

namespace lambdapool::deploy {
namespace {

Result<void> examine_all(Connection& connection, const std::optional<std::string>& function,
                         const StopToken& stop, Findings& findings) {
  auto session =
      connection.is_local() ? check_local(connection, stop, findings) : check_aws(connection, stop, findings);
  if (!session) return tl::unexpected(session.error());
  if (!*session) return {};
  if (auto listed = check_account(**session, findings); !listed) return listed;
  return function ? check_function(**session, *function, findings) : Result<void>{};
}

}  // namespace

bool has_problem(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == Finding::Level::problem; });
}

Result<Findings> examine(Connection& connection, const std::optional<std::string>& function,
                         const StopToken& stop) {
  if (function)
    if (auto valid = validate_name(*function); !valid) return tl::unexpected(valid.error());
  if (connection.is_google())
    return fail(ErrorKind::invalid_argument, "doctor does not know the target " + connection.target_name() +
                                                 " yet; it knows aws and local.");
  Findings findings;
  const auto examined = examine_all(connection, function, stop, findings);
  if (!examined && examined.error().kind != ErrorKind::network) return tl::unexpected(examined.error());
  return findings;
}

}  // namespace lambdapool::deploy

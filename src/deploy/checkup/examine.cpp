#include <algorithm>

#include "deploy/checkup/checkup.hpp"
#include "deploy/checkup/google.hpp"
#include "deploy/function/settings.hpp"

namespace lambdapool::deploy {
namespace {

Result<void> examine_google(Connection& connection, const std::optional<std::string>& function,
                            const StopToken& stop, Findings& findings) {
  auto session = connection.target_name() == "gcp" ? check_google(connection, stop, findings)
                                                   : check_local(connection, stop, findings);
  if (!session) return tl::unexpected(session.error());
  if (!*session || !function) return {};
  return check_service(**session, *function, findings);
}

Result<void> examine_lambda(Connection& connection, const std::optional<std::string>& function,
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
  Findings findings;
  const auto examined = connection.is_google() ? examine_google(connection, function, stop, findings)
                                               : examine_lambda(connection, function, stop, findings);
  if (!examined && examined.error().kind != ErrorKind::network) return tl::unexpected(examined.error());
  return findings;
}

}  // namespace lambdapool::deploy

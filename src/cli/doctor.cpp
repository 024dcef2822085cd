#include <iostream>

#include "cli/checkup.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

Result<void> examine(const Context& context, const DoctorOptions& options, const std::string& target,
                     Findings& findings) {
  auto session = target == "local" ? check_local(context, findings) : check_aws(context, findings);
  if (!session) return tl::unexpected(session.error());
  if (!*session) return {};
  if (auto listed = check_account(**session, findings); !listed) return listed;
  return options.name ? check_function(**session, *options.name, findings) : Result<void>{};
}

}  // namespace

Result<void> doctor(const Context& context, const DoctorOptions& options) {
  if (options.name)
    if (auto valid = validate_name(*options.name); !valid) return valid;
  const auto variable = context.environment.get("LAMBDAPOOL_TARGET");
  const std::string target = context.connection.target.value_or(variable.value_or("aws"));
  const char* source = context.connection.target ? "--target"
                       : variable                ? "LAMBDAPOOL_TARGET"
                                                 : "the default";
  Findings findings = {{Finding::Level::ok, "lambdapool", LAMBDAPOOL_VERSION},
                       {Finding::Level::ok, "target", target + " (" + source + ")"}};
  const auto examined = examine(context, options, target, findings);
  if (!examined && examined.error().kind != ErrorKind::network) return examined;
  std::cout << (options.json ? json(findings) : readable(findings)) << std::flush;
  if (!has_problem(findings)) return {};
  return fail(ErrorKind::service, "");  // all is said; it is the exit code that matters
}

}  // namespace lambdapool::cli

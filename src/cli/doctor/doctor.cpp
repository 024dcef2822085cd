#include <iostream>

#include "cli/doctor/finding_text.hpp"
#include "cli/verbs.hpp"
#include "deploy/checkup/finding.hpp"

namespace lambdapool::cli {

Result<void> doctor(const Context& context, const DoctorOptions& options) {
  using Level = deploy::Finding::Level;
  const auto variable = context.environment.get("LAMBDAPOOL_TARGET");
  const std::string target = context.options.target.value_or(variable.value_or("aws"));
  const char* source = context.options.target ? "--target" : variable ? "LAMBDAPOOL_TARGET" : "the default";
  deploy::Findings findings = {{Level::ok, "lambdapool", LAMBDAPOOL_VERSION},
                               {Level::ok, "target", target + " (" + source + ")"}};
  auto connection = context.connection();
  const auto found = deploy::examine(connection, options.name, context.stop());
  if (!found) return tl::unexpected(found.error());
  findings.insert(findings.end(), found->begin(), found->end());
  std::cout << (options.json ? json(findings) : readable(findings)) << std::flush;
  if (!deploy::has_problem(findings)) return {};
  return fail(ErrorKind::service, "");  // all is said; it is the exit code that matters
}

}  // namespace lambdapool::cli

#include <string>

#include "cli/project_file.hpp"
#include "cli/quantity.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/transcript.hpp"
#include "cli/verbs.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {
namespace {

void tell(const deploy::UpdatePlan& plan) {
  if (plan.code_bytes) say("Would upload the code (" + readable_size(*plan.code_bytes) + ")");
  for (const std::string& line : plan.changes) say("Would change " + line);
  if (plan.left_role) say("Would remove the role " + *plan.left_role);
  say("=== Dry run: nothing was changed ===");
}

Result<void> update_one(const Context& context, deploy::Connection& connection,
                        const deploy::JudgedRequest& request, DryRun dry_run) {
  const std::string& name = request.asked.name;
  Transcript transcript(Transcript::Verb::update, context.interruption, name, request.asked.paths);
  if (dry_run == DryRun::yes) {
    const auto plan = deploy::plan_update(connection, request, transcript.events(), context.stop());
    if (!plan) return tl::unexpected(plan.error());
    tell(*plan);
    return {};
  }
  const auto updated = deploy::update(connection, request, transcript.events(), context.stop());
  if (!updated) return tl::unexpected(updated.error());
  if (!updated->changed) say("=== Unchanged: function " + name + " is as it was asked to be ===");
  say("=== Updated lambdapool function " + name + " ===");
  return {};
}

// Options beside a name are all that is to change; a name alone is what the project file says of it.
Result<std::vector<FunctionOptions>> asked_updates(const FunctionOptions& given,
                                                   const Environment& environment,
                                                   const deploy::FunctionLimits& limits) {
  if (!given.name.empty() && deploy::asks_for_anything(given)) return std::vector{given};
  return asked_functions(given, Beside::nothing, environment, limits);
}

}  // namespace

Result<void> update_function(const Context& context, const FunctionOptions& given) {
  auto connection = context.connection();
  const auto asked = asked_updates(given, context.environment, deploy::limits_of(connection));
  if (!asked) return tl::unexpected(asked.error());
  const auto requests = judge_each(connection, *asked, deploy::judge_update, context.stop());
  if (!requests) return tl::unexpected(requests.error());
  return each_in_turn(*requests, [&](const deploy::JudgedRequest& request) {
    return update_one(context, connection, request, given.dry_run ? DryRun::yes : DryRun::no);
  });
}

}  // namespace lambdapool::cli

#include "cli/terminal/progress.hpp"
#include "cli/terminal/transcript.hpp"
#include "cli/verbs.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {
namespace {

void tell(const deploy::Removal& plan, const std::string& name) {
  if (!plan.of_function) {
    for (const std::string& role : plan.roles)
      say("Would remove the role " + role + ", which an interrupted create left");
    return;
  }
  say("Would delete function " + name);
  for (const std::string& role : plan.roles) say("Would remove the role " + role);
  say("=== Dry run: nothing was changed ===");
}

}  // namespace

Result<void> delete_function(const Context& context, const DeleteOptions& options) {
  auto connection = context.connection();
  Transcript transcript(Transcript::Verb::remove, context.interruption, options.name);
  if (options.dry_run) {
    const auto plan = deploy::plan_removal(connection, options.name, transcript.events(), context.stop());
    if (!plan) return tl::unexpected(plan.error());
    tell(*plan, options.name);
    return {};
  }
  const auto removal = deploy::remove(connection, options.name, transcript.events(), context.stop());
  if (!removal) return tl::unexpected(removal.error());
  if (removal->of_function) say("=== Deleted lambdapool function " + options.name + "===");
  return {};
}

}  // namespace lambdapool::cli

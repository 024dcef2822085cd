#include <string>

#include "cli/project_file.hpp"
#include "cli/quantity.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/transcript.hpp"
#include "cli/verbs.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {
namespace {

void tell(const deploy::CreationPlan& plan, const deploy::FunctionRequest& asked) {
  const deploy::Function& function = plan.function;
  if (plan.replaces_unfinished)
    say("Would remove function " + asked.name + ", which an interrupted create left unfinished");
  if (plan.made_role) {
    say("Would make the role " + *plan.made_role);
    for (const auto& policy : asked.policies.value_or(std::vector<std::string>{}))
      say("Would give the role the policy " + policy);
  }
  say("Would create function " + asked.name + ": " + function.runtime + " on " + function.architecture +
      ", " + std::to_string(function.memory_mb) + " MB, " + std::to_string(function.timeout_s) +
      " s, code of " + readable_size(function.size_bytes));
  if (asked.description) say("Would describe it as '" + function.description + "'");
  if (asked.ephemeral_mb) say("Would give it " + std::to_string(function.ephemeral_mb) + " MB of /tmp");
  for (const auto& subnet : asked.subnets.value_or(std::vector<std::string>{}))
    say("Would put it into " + subnet + " of a VPC");
  for (const auto& group : asked.security_groups.value_or(std::vector<std::string>{}))
    say("Would give it the security group " + group);
  for (const auto& layer : function.layers) say("Would use layer " + layer.arn);
  for (const auto& [name, value] : asked.environment) say("Would set environment variable " + name);
  for (const auto& [key, value] : asked.tags) say("Would tag it " + key + "=" + value);
  if (asked.per_instance)
    say("Would run " + std::to_string(*asked.per_instance) + " tasks at a time in one instance");
  if (asked.service_account) say("Would run it as " + *asked.service_account);
  if (asked.concurrency && asked.concurrency->executions)
    say("Would reserve a concurrency of " + std::to_string(*asked.concurrency->executions));
  say("=== Dry run: nothing was changed ===");
}

Result<void> left_as_it_is(const std::string& name) {
  say("Function " + name + " already exists and is left as it is.");
  return {};
}

Result<void> create_one(const Context& context, deploy::Connection& connection,
                        const deploy::JudgedRequest& request, deploy::Existing existing, DryRun dry_run) {
  const std::string& name = request.asked.name;
  Transcript transcript(Transcript::Verb::create, context.interruption, name, request.asked.paths);
  if (dry_run == DryRun::yes) {
    const auto plan =
        deploy::plan_creation(connection, request, existing, transcript.events(), context.stop());
    if (!plan) return tl::unexpected(plan.error());
    if (!plan->is_new) return left_as_it_is(name);
    tell(*plan, request.asked);
    return {};
  }
  const auto created = deploy::create(connection, request, existing, transcript.events(), context.stop());
  if (!created) return tl::unexpected(created.error());
  if (!created->is_new) return left_as_it_is(name);
  say("=== Succesfully created lambdapool function " + name + " ===");
  return {};
}

}  // namespace

// Of a whole project, what is there already is no mistake.
Result<void> create_function(const Context& context, const FunctionOptions& given) {
  auto connection = context.connection();
  const auto asked =
      asked_functions(given, deploy::asks_for_anything(given) ? Beside::options : Beside::nothing,
                      context.environment, deploy::limits_of(connection));
  if (!asked) return tl::unexpected(asked.error());
  const auto requests = judge_each(connection, *asked, deploy::judge_creation, context.stop());
  if (!requests) return tl::unexpected(requests.error());
  const auto existing = given.name.empty() ? deploy::Existing::leave : deploy::Existing::refuse;
  return each_in_turn(*requests, [&](const deploy::JudgedRequest& request) {
    return create_one(context, connection, request, existing, given.dry_run ? DryRun::yes : DryRun::no);
  });
}

}  // namespace lambdapool::cli

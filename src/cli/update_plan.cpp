#include "cli/update_plan.hpp"

#include "cli/code.hpp"
#include "cli/execution_role.hpp"
#include "cli/marks.hpp"
#include "cli/progress.hpp"

namespace lambdapool::cli {
namespace {

using aws::FunctionConfiguration;
using aws::FunctionDescription;

// Nothing changes that was not asked for, so the runtime stays; that tasks of the calling Python might then
// not be understood is worth a line.
void tell_of_another_python(const Context& context, const FunctionOptions& options,
                            const FunctionConfiguration& now) {
  if (options.runtime || is_executable_code(options)) return;
  const auto calling = python_runtime(context, options);
  if (calling && *calling != now.runtime)
    say("The runtime stays " + now.runtime + ", though the Python that calls is that of " + *calling +
        "; --runtime " + *calling + " changes it.");
}

Result<std::optional<package::Package>> new_code(Session& session, const FunctionOptions& options,
                                                 const FunctionConfiguration& now) {
  if (options.paths.empty()) return std::optional<package::Package>{};
  const Context& context = session.context();
  tell_of_another_python(context, options, now);
  Platform platform;
  platform.runtime = options.runtime.value_or(now.runtime);
  platform.architecture = options.architecture.value_or(now.architecture);
  platform.local = session.is_local();
  platform.bucket = options.bucket;
  auto code = build_code(context, options, platform, Verb::update);
  if (!code) return tl::unexpected(code.error());
  if (is_already_there(*code, now)) {
    say("=== Unchanged: the code of function " + options.name + " is not uploaded again ===");
    return std::optional<package::Package>{};
  }
  return std::optional(std::move(*code));
}

Result<void> add_policies(Session& session, const FunctionOptions& options, const FunctionDescription& now,
                          Plan& plan) {
  Change& change = plan.change;
  const bool in_vpc = !change.configuration.vpc.value_or(now.configuration.vpc).subnets.empty();
  const std::string role = options.role.value_or(now.configuration.role);
  const bool wanted = options.policies || (change.configuration.vpc && in_vpc);
  if (!wanted || session.is_local()) return {};
  const auto made = made_role(session, role, options.name);
  if (!made) return tl::unexpected(made.error());
  if (!*made) return {};
  auto asked = read_policies(options.policies.value_or(std::vector<std::string>{}));
  if (!asked) return tl::unexpected(asked.error());
  auto policies = made_role_policies(session, std::move(*asked), in_vpc ? InVpc::yes : InVpc::no);
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  if (options.policies && has_exactly(**iam, **made, policies)) return {};
  if (options.policies) change.lines.push_back("policies of role " + **made);
  plan.policies = std::move(policies);
  plan.role = **made;
  return {};
}

// What this update leaves, or an interrupted one has left.
std::optional<std::string> left_role(const Session& session, const std::string& function,
                                     const FunctionDescription& now, const Change& change) {
  const std::string& before = now.configuration.role;
  const std::string after = change.configuration.role.value_or(before);
  if (after != before && has_made_name(session, before, function)) return before;
  const auto tag = now.tags.find(left_role_tag);
  return tag != now.tags.end() && tag->second != after ? std::optional(tag->second) : std::nullopt;
}

}  // namespace

bool is_already_there(const package::Package& code, const FunctionConfiguration& now) {
  return code.sha256_base64 == now.code_sha256 && code.architecture == now.architecture &&
         now.last_update_status != "Failed" && now.state != "Failed";
}

Result<Plan> make_plan(Session& session, const FunctionOptions& options, const FunctionDescription& now) {
  auto code = new_code(session, options, now.configuration);
  if (!code) return tl::unexpected(code.error());
  auto change = change_of(now, options, code->has_value() ? NewCode::yes : NewCode::no, LAMBDAPOOL_VERSION);
  if (!change) return tl::unexpected(change.error());
  Plan plan{std::move(*code), std::move(*change), {}};
  if (auto added = add_policies(session, options, now, plan); !added) return tl::unexpected(added.error());
  if (!session.is_local()) plan.left_role = left_role(session, options.name, now, plan.change);
  return plan;
}

}  // namespace lambdapool::cli

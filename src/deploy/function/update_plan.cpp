#include "deploy/function/update_plan.hpp"

#include "deploy/code/code.hpp"
#include "deploy/function/marks.hpp"
#include "deploy/function/response_mode.hpp"
#include "deploy/role/execution_role.hpp"

namespace lambdapool::deploy {
namespace {

using aws::FunctionConfiguration;
using aws::FunctionDescription;

// Nothing changes that was not asked for, so the runtime stays; that tasks of the calling Python might then
// not be understood is worth a line.
void tell_of_another_python(const Session& session, const ResolvedRequest& request,
                            const FunctionConfiguration& now) {
  if (request.asked.runtime || request.code.is_executable()) return;
  const auto calling = python_runtime(session.connection(), std::nullopt);
  if (calling && *calling != now.runtime)
    session.tell(Event::Kind::note, "The runtime stays " + now.runtime +
                                        ", though the Python that calls is that of " + *calling +
                                        "; --runtime " + *calling + " changes it.");
}

Result<std::optional<package::Package>> new_code(Session& session, const ResolvedRequest& request,
                                                 const FunctionConfiguration& now) {
  const FunctionRequest& asked = request.asked;
  if (asked.paths.empty()) return std::optional<package::Package>{};
  tell_of_another_python(session, request, now);
  const Platform platform{asked.runtime.value_or(now.runtime), asked.architecture.value_or(now.architecture),
                          session.is_local(), request.bucket};
  auto code = build_code(session, asked, request.code, platform);
  if (!code) return tl::unexpected(code.error());
  if (is_already_there(*code, now)) {
    session.tell(Event::Kind::unchanged_code, asked.name);
    return std::optional<package::Package>{};
  }
  return std::optional(std::move(*code));
}

Result<void> plan_policies(Session& session, const ResolvedRequest& request, const FunctionDescription& now,
                           Plan& plan) {
  const FunctionRequest& asked = request.asked;
  Change& change = plan.change;
  const bool in_vpc = !change.configuration.vpc.value_or(now.configuration.vpc).subnets.empty();
  const std::string role = asked.role.value_or(now.configuration.role);
  const bool wanted = asked.policies || (change.configuration.vpc && in_vpc);
  if (!wanted || session.is_local()) return {};
  const auto made = made_role(session, role, asked.name);
  if (!made) return tl::unexpected(made.error());
  if (!*made) return {};
  auto policies = made_role_policies(session, request.policies, in_vpc ? InVpc::yes : InVpc::no);
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  if (asked.policies && has_exactly(**iam, **made, policies)) return {};
  if (asked.policies) change.lines.push_back("policies of role " + **made);
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

void tell_of_wrapper(const Session& session, const std::string& name, const FunctionConfiguration& now,
                     const Plan& plan) {
  const std::string wrapper =
      response_mode_of(plan.change.configuration.environment.value_or(now.environment)).wrapper;
  if (plan.code && now.runtime.starts_with("python") && !wrapper.empty())
    session.tell(Event::Kind::note, explain_wrapper(name, wrapper));
}

}  // namespace

bool is_already_there(const package::Package& code, const FunctionConfiguration& now) {
  return code.sha256_base64 == now.code_sha256 && code.architecture == now.architecture &&
         now.last_update_status != "Failed" && now.state != "Failed";
}

Result<Plan> make_plan(Session& session, const ResolvedRequest& request, const FunctionDescription& now) {
  auto code = new_code(session, request, now.configuration);
  if (!code) return tl::unexpected(code.error());
  auto change = change_of(now, request.asked, request.layers, code->has_value() ? NewCode::yes : NewCode::no,
                          LAMBDAPOOL_VERSION, session.is_local() ? Place::local : Place::aws);
  if (!change) return tl::unexpected(change.error());
  Plan plan{std::move(*code), std::move(*change), {}};
  if (!session.is_local()) tell_of_wrapper(session, request.asked.name, now.configuration, plan);
  if (auto planned = plan_policies(session, request, now, plan); !planned)
    return tl::unexpected(planned.error());
  if (!session.is_local()) plan.left_role = left_role(session, request.asked.name, now, plan.change);
  return plan;
}

}  // namespace lambdapool::deploy

// update changes what it is told to and nothing else. First come rights that the function gets, then its code
// and configuration, both or neither (code_and_configuration.hpp), then what has no revision, and last the
// rights that nothing needs any more. The same command again goes on where one has failed.

#include "aws/lambda/lambda.hpp"
#include "deploy/code/code.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/function/change.hpp"
#include "deploy/function/code_and_configuration.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/resolved_request.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/function/update_plan.hpp"
#include "deploy/lambda_functions.hpp"
#include "deploy/local_limits.hpp"
#include "deploy/role/execution_role.hpp"
#include "deploy/run/run_request.hpp"

namespace lambdapool::deploy {
namespace {

using aws::FunctionConfiguration;
using aws::FunctionDescription;

Result<void> same_kind(const FunctionConfiguration& now, const JudgedRequest& request) {
  const FunctionRequest& asked = request.asked;
  const auto codec = now.environment.find(codec_variable);
  const bool is_executable = codec != now.environment.end() && codec->second == "cpp";
  const bool becomes_executable = asked.paths.empty() ? is_executable : request.code.is_executable();
  if (is_executable != becomes_executable)
    return fail(ErrorKind::invalid_argument, "function " + asked.name +
                                                 (is_executable ? " is an executable" : " is Python code") +
                                                 "; to make it the other kind, delete and create it.");
  if (is_executable && asked.runtime && *asked.runtime != now.runtime)
    return fail(ErrorKind::invalid_argument,
                "function " + asked.name + " is an executable and runs on " + now.runtime + " only.");
  return {};
}

Result<void> own_role(Session& session, const FunctionConfiguration& now, const FunctionRequest& asked) {
  if (!asked.policies || session.is_local()) return {};
  if (asked.policies->empty() && asked.role) return {};
  const auto made = made_role(session, asked.role.value_or(now.role), asked.name);
  if (!made) return tl::unexpected(made.error());
  if (*made) return {};
  return fail(ErrorKind::invalid_argument, "function " + asked.name + " runs as " + now.role +
                                               ", which lambdapool did not make for it in " +
                                               session.target().region +
                                               "; change that role's policies yourself.");
}

// Before the role changes, so that whoever comes after an interruption knows of the old one.
Result<void> mark_left_role(Session& session, const Plan& plan, const FunctionDescription& now) {
  const auto tag = now.tags.find(left_role_tag);
  if (!plan.left_role || (tag != now.tags.end() && tag->second == *plan.left_role)) return {};
  return call(session, aws::tag_resource_request(now.configuration.arn, {{left_role_tag, *plan.left_role}}),
              aws::parse_no_content);
}

Result<void> change_policies(Session& session, const Plan& plan) {
  if (!plan.policies) return {};
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  (*iam)->see_through();
  return add_policies(**iam, plan.role, *plan.policies);
}

// Rights go last, when nothing runs any more that could need them.
Result<void> drop_rights(Session& session, const FunctionRequest& asked, const Plan& plan,
                         const std::string& function_arn) {
  if (plan.left_role) {
    const auto made = made_role(session, *plan.left_role, asked.name);
    if (!made) return tl::unexpected(made.error());
    if (*made)
      if (auto removed = remove_role(session, **made); !removed) return removed;
    if (auto unmarked =
            call(session, aws::untag_resource_request(function_arn, {left_role_tag}), aws::parse_no_content);
        !unmarked)
      return unmarked;
  }
  if (!plan.policies || !asked.policies) return {};
  auto iam = Session::open_beside(session, "iam");
  if (!iam) return tl::unexpected(iam.error());
  (*iam)->see_through();
  return drop_policies(**iam, plan.role, *plan.policies);
}

// Each of these is idempotent and has no revision: a repetition mends what was interrupted.
Result<void> change_marks(Session& session, const std::string& name, const std::string& arn,
                          const Change& change) {
  Result<void> done;
  if (change.concurrency && change.concurrency->executions)
    done = call(session, aws::put_function_concurrency_request(name, *change.concurrency->executions),
                aws::parse_no_content);
  else if (change.concurrency)
    done = call(session, aws::delete_function_concurrency_request(name), aws::parse_no_content);
  if (done && !change.tags.set.empty())
    done = call(session, aws::tag_resource_request(arn, change.tags.set), aws::parse_no_content);
  if (done && !change.tags.remove.empty())
    done = call(session, aws::untag_resource_request(arn, change.tags.remove), aws::parse_no_content);
  return done;
}

Result<FunctionConfiguration> apply(Session& session, const ResolvedRequest& request, const Plan& plan,
                                    const FunctionDescription& now) {
  const std::string& name = request.asked.name;
  if (plan.code) session.tell(Event::Kind::uploading);
  auto upload = plan.code ? CodeUpload::prepare(session, request.bucket, name, *plan.code)
                          : Result<CodeUpload>(CodeUpload::none());
  if (!upload) return tl::unexpected(upload.error());
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  session.see_through();
  if (auto done = change_policies(session, plan); !done) return tl::unexpected(done.error());
  if (auto done = mark_left_role(session, plan, now); !done) return tl::unexpected(done.error());
  auto changed = change_code_and_configuration(session, request, plan, *upload, now);
  if (!changed) return changed;
  Result<void> done = change_marks(session, name, now.configuration.arn, plan.change);
  if (done) done = drop_rights(session, request.asked, plan, now.configuration.arn);
  if (done) return changed;
  Error error = done.error();
  error.message = "the code and the configuration of function " + name +
                  " are updated, but not the rest, which the same command does again: " + error.message;
  return tl::unexpected(std::move(error));
}

// Everything before the first change.
struct UpdatePreparation {
  std::unique_ptr<Session> session;
  ResolvedRequest request;
  FunctionDescription now;
  Plan plan;
};

Result<void> check_possible(Session& session, const FunctionDescription& function,
                            const JudgedRequest& request) {
  const FunctionRequest& asked = request.asked;
  if (is_damaged(function))
    return fail(ErrorKind::conflict, "function " + asked.name +
                                         " cannot be updated: " + function.configuration.state_reason + ".");
  if (!asks_for_anything(asked))
    return fail(ErrorKind::invalid_argument,
                "there is nothing to update: give paths, or options such as --memory, --timeout, --layers or "
                "--env.");
  if (auto same = same_kind(function.configuration, request); !same) return same;
  if (const auto tag = function.tags.find(requirements_tag); tag != function.tags.end())
    if (auto kept = keeps_packages(tag->second, asked); !kept) return kept;
  return own_role(session, function.configuration, asked);
}

Result<UpdatePreparation> prepare_update(Connection& connection, const JudgedRequest& request,
                                         const Events& events, const StopToken& stop) {
  const std::string& name = request.asked.name;
  if (auto possible = check_on_lambda(request.asked); !possible) return tl::unexpected(possible.error());
  auto bucket = chosen_bucket(connection.environment(), request.asked.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  if (auto possible = check_on_local(**session, request.asked); !possible)
    return tl::unexpected(possible.error());
  const auto function = own_function(**session, name);
  if (!function) return tl::unexpected(function.error());
  if (auto possible = check_possible(**session, *function, request); !possible)
    return tl::unexpected(possible.error());
  auto resolved = resolve_request(**session, request, std::move(*bucket));
  if (!resolved) return tl::unexpected(resolved.error());
  (*session)->tell(Event::Kind::begun, name);
  auto now = wait_until_idle(**session, name);
  if (!now) return tl::unexpected(now.error());
  auto plan = make_plan(**session, *resolved, *now);
  if (!plan) return tl::unexpected(plan.error());
  return UpdatePreparation{std::move(*session), std::move(*resolved), std::move(*now), std::move(*plan)};
}

}  // namespace

Result<JudgedRequest> judge_update(const Connection& connection, FunctionRequest request,
                                   const StopToken& stop) {
  const FunctionLimits& its = limits_of(connection);
  JudgedRequest judged{std::move(request)};
  const FunctionRequest& asked = judged.asked;
  if (connection.is_google())
    if (auto possible = check_on_run(connection, asked); !possible) return tl::unexpected(possible.error());
  if (auto valid = validate(asked, its); !valid) return tl::unexpected(valid.error());
  if (judged.asked.installs()) {
    auto kept = keep_what_is_read_once(*judged.asked.requirements, stop);
    if (!kept) return tl::unexpected(kept.error());
    judged.requirements = std::move(*kept);
  }
  judged.code = code_of(asked.paths);
  if (auto valid = validate_code(asked, judged.code, its); !valid) return tl::unexpected(valid.error());
  if (asked.paths.empty() && asked.requirements)
    return fail(
        ErrorKind::invalid_argument,
        "--requirements needs the paths as well, because an update replaces all of the function's code.");
  if (asked.paths.empty() && asked.architecture)
    return fail(ErrorKind::invalid_argument,
                "--architecture needs the paths as well, because code is made for one instruction set.");
  auto policies = read_policies(asked.policies.value_or(std::vector<std::string>{}));
  if (!policies) return tl::unexpected(policies.error());
  judged.policies = std::move(*policies);
  return judged;
}

Result<Updated> LambdaFunctions::update(Connection& connection, const JudgedRequest& request,
                                        const Events& events, const StopToken& stop) const {
  const auto prepared = prepare_update(connection, request, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  const auto& [session, resolved, now, plan] = *prepared;
  if (plan.empty()) return Updated{function_of(now.configuration), false};
  const auto applied = apply(*session, resolved, plan, now);
  const bool lost = !applied && applied.error().kind == ErrorKind::not_found;
  if (lost && is_gone(*session, resolved.asked.name))
    return tl::unexpected(gone_meanwhile(resolved.asked.name));
  if (!applied) return tl::unexpected(applied.error());
  return Updated{function_of(*applied)};
}

Result<UpdatePlan> LambdaFunctions::plan_update(Connection& connection, const JudgedRequest& request,
                                                const Events& events, const StopToken& stop) const {
  const auto prepared = prepare_update(connection, request, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  const Plan& plan = prepared->plan;
  UpdatePlan out{.changes = plan.change.lines, .left_role = plan.left_role};
  if (plan.code) out.code_bytes = static_cast<std::int64_t>(plan.code->zip.size());
  return out;
}

}  // namespace lambdapool::deploy

// create leaves either a function that is ready or nothing: what this run made before a failure (role,
// function) it removes again, and what it did not make it never touches. One that was killed leaves at most
// a role, which the next create takes and delete removes, or a function with the tag of an unfinished one,
// which the next create replaces.

#include <variant>

#include "aws/lambda/lambda.hpp"
#include "core/limits.hpp"
#include "deploy/code/code.hpp"
#include "deploy/code/code_upload.hpp"
#include "deploy/function/deployed_function.hpp"
#include "deploy/function/resolved_request.hpp"
#include "deploy/function/response_mode.hpp"
#include "deploy/function/settings.hpp"
#include "deploy/function/tags.hpp"
#include "deploy/function/variables.hpp"
#include "deploy/lambda_functions.hpp"
#include "deploy/local_limits.hpp"
#include "deploy/role/execution_role.hpp"
#include "deploy/run/run_request.hpp"

namespace lambdapool::deploy {
namespace {

constexpr const char* local_role = "arn:aws:iam::000000000000:role/lambdapool-local";

bool is_in_vpc(const FunctionRequest& asked) { return asked.subnets && !asked.subnets->empty(); }

// `code` outlives the call.
aws::CreateFunction creation(const Session& session, const ResolvedRequest& request,
                             const package::Package& code, const CodeUpload& upload,
                             const std::string& role) {
  const FunctionRequest& asked = request.asked;
  aws::CreateFunction call;
  call.name = asked.name;
  call.runtime = code.runtime;
  call.role = role;
  call.handler = code.handler;
  call.code_in_s3 = upload.object();
  if (!call.code_in_s3) call.zip = code.zip;
  call.description = asked.description.value_or("Made by lambdapool");
  call.architecture = code.architecture;
  call.memory_mb = asked.memory_mb.value_or(limits::memory_mb_default);
  call.timeout_s = asked.timeout_s.value_or(limits::timeout_s_default);
  call.ephemeral_mb = asked.ephemeral_mb;
  call.layers = request.layers.value_or(std::vector<std::string>{});
  call.environment = asked.environment;
  call.environment.insert({{version_variable, LAMBDAPOOL_VERSION}, {codec_variable, code.codec}});
  if (code.runtime.starts_with("python") && !session.is_local())  // it has been judged
    static_cast<void>(apply_response_mode(call.environment, {}, asked, BringsCode::yes));
  call.tags = asked.tags;
  call.tags[version_tag] = LAMBDAPOOL_VERSION;
  if (asked.concurrency) call.tags[unfinished_tag] = "";
  if (asked.installs()) call.tags[requirements_tag] = code.runtime;
  if (is_in_vpc(asked)) call.vpc = aws::VpcConfig{*asked.subnets, *asked.security_groups};
  return call;
}

// Whether a creation whose answer got lost has happened all the same. There was no function of that name
// when we looked first, so one with our very code is ours.
bool happened_all_the_same(Session& session, const std::string& name, const std::string& code_sha256) {
  const auto found = find_function(session, name);
  return found && *found && (*found)->configuration.code_sha256 == code_sha256 &&
         (*found)->tags.count(version_tag) != 0;
}

// IAM tells Lambda of a new role some seconds later, so that refusal alone is waited out.
Result<void> send_creation(Session& session, const aws::CreateFunction& creating, const ExecutionRole& role,
                           const std::string& code_sha256) {
  for (int refusals = 1;; ++refusals) {
    const auto answer = session.send(aws::create_function_request(creating), Repeatable::no);
    if (!answer) return tl::unexpected(answer.error());
    const auto created = aws::parse_configuration(*answer);
    if (created) return {};
    if (created.error().kind == ErrorKind::conflict && answer->is_second &&
        happened_all_the_same(session, creating.name, code_sha256))
      return {};
    if (!is_role_refusal(created.error())) return tl::unexpected(created.error());
    const auto delay = role_patience(refusals, role.made_now);
    if (!delay) return tl::unexpected(role_refused(role.arn, created.error()));
    if (auto waited = session.pause(*delay); !waited) return waited;
  }
}

bool remove_function(Session& session, const std::string& name) {
  if (call(session, aws::delete_function_request(name), aws::parse_no_content)) return true;
  session.tell(Event::Kind::warning,
               "function " + name + " could not be removed; 'lambdapool delete " + name + "' removes it.");
  return false;
}

// What CreateFunction can't say, once the function is active.
Result<void> finish(Session& session, const FunctionRequest& asked,
                    const aws::FunctionConfiguration& function) {
  if (!asked.concurrency) return {};
  if (asked.concurrency->executions) {
    auto reservation = aws::put_function_concurrency_request(asked.name, *asked.concurrency->executions);
    if (auto reserved = call(session, std::move(reservation), aws::parse_no_content); !reserved)
      return reserved;
  }
  return call(session, aws::untag_resource_request(function.arn, {unfinished_tag}), aws::parse_no_content);
}

// Sends the code. An answer that got lost may have been a yes.
Result<void> send_code(Session& session, const ResolvedRequest& request, const package::Package& code,
                       const CodeUpload& upload, const ExecutionRole& role) {
  const std::string& name = request.asked.name;
  if (auto go_on = session.check_unchanged(); !go_on) return go_on;
  auto created =
      send_creation(session, creation(session, request, code, upload, role.arn), role, code.sha256_base64);
  if (created) return created;
  if (created.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict, "function " + name + " already exists; somebody made it just now.");
  session.see_through();
  const bool is_there =
      may_have_happened(created.error()) && happened_all_the_same(session, name, code.sha256_base64);
  return is_there ? Result<void>{} : created;
}

// Sends the code and waits until it runs. On failure the function is gone again.
Result<aws::FunctionConfiguration> create_ready(Session& session, const ResolvedRequest& request,
                                                const package::Package& code, const ExecutionRole& role) {
  const std::string& name = request.asked.name;
  const auto upload = CodeUpload::prepare(session, request.bucket, name, code);
  if (!upload) return tl::unexpected(upload.error());
  if (auto sent = send_code(session, request, code, *upload, role); !sent)
    return tl::unexpected(sent.error());
  auto active = wait_until_settled(session, name);
  Result<void> ready = active ? finish(session, request.asked, *active) : tl::unexpected(active.error());
  const auto go_on = session.check_unchanged();
  if (ready && go_on) return active;
  if (!active && active.error().kind == ErrorKind::not_found) return active;  // what comes now is another's
  session.see_through();
  const bool removed = remove_function(session, name);
  if (!go_on && !removed)
    return fail(ErrorKind::cancelled, "interrupted, after function " + name + " was made.");
  return tl::unexpected(go_on ? ready.error() : go_on.error());
}

Result<ExecutionRole> role_for(Session& session, const ResolvedRequest& request) {
  const FunctionRequest& asked = request.asked;
  if (asked.role) return ExecutionRole{{}, *asked.role, false};
  if (session.is_local()) return ExecutionRole{{}, local_role, false};
  return ensure_role(
      session, asked.name,
      made_role_policies(session, request.policies, is_in_vpc(asked) ? InVpc::yes : InVpc::no));
}

// Whether there is a function that runs as the role: one that could not be removed again, or that of somebody
// who creates one of the same name at once and shares the role. Where that cannot be seen, there may be.
bool is_in_use(Session& session, const std::string& name, const ExecutionRole& role) {
  const auto found = find_function(session, name);
  if (!found)
    session.tell(Event::Kind::warning, "whether there is a function " + name + " now is not known, so role " +
                                           role.name + " is left; 'lambdapool delete " + name +
                                           "' removes both.");
  return !found || (*found && (*found)->configuration.role == role.arn);
}

Result<aws::FunctionConfiguration> create_with_role(Session& session, const ResolvedRequest& request,
                                                    const package::Package& code) {
  const auto role = role_for(session, request);
  if (!role) return tl::unexpected(role.error());
  session.tell(Event::Kind::uploading);
  auto created = create_ready(session, request, code, *role);
  if (created) return created;
  session.see_through();
  if (role->made_now && !is_in_use(session, request.asked.name, *role))
    if (auto removed = remove_role(session, role->name); !removed)
      session.tell(Event::Kind::warning, removed.error().message);
  return created;
}

// What an interrupted create has left: the function, and its role where the new one does not take it.
Result<void> remove_unfinished(Session& session, const FunctionRequest& asked,
                               const aws::FunctionConfiguration& old) {
  session.tell(Event::Kind::removing_unfinished, asked.name);
  if (auto go_on = session.check_unchanged(); !go_on) return go_on;
  if (!remove_function(session, asked.name))
    return fail(ErrorKind::service, "function " + asked.name + " is unfinished and could not be removed.");
  if (!asked.role || *asked.role == old.role) return {};
  const auto made = made_role(session, old.role, asked.name);
  if (!made) return tl::unexpected(made.error());
  return *made ? remove_role(session, **made) : Result<void>{};
}

// Everything before the first change.
struct Preparation {
  std::unique_ptr<Session> session;
  ResolvedRequest request;
  package::Package code;
  std::optional<aws::FunctionConfiguration> unfinished;  // what an interrupted create has left
};
using PreparationOrExisting = std::variant<Preparation, Function>;

// What stands in the name's way: nullopt for nothing. Error kind conflict.
Result<std::optional<aws::FunctionDescription>> find_in_the_way(Session& session, const std::string& name,
                                                                Existing existing) {
  auto found = find_function(session, name);
  if (!found || !*found) return found;
  if (!is_own(**found))
    return fail(ErrorKind::conflict, "function " + name +
                                         " already exists and was not made by lambdapool; it is left as it "
                                         "is, so choose another name.");
  if (existing == Existing::refuse && (*found)->tags.count(unfinished_tag) == 0)
    return fail(ErrorKind::conflict,
                "function " + name + " already exists; 'lambdapool update " + name + "' changes it.");
  return found;
}

Result<PreparationOrExisting> prepare(Connection& connection, const JudgedRequest& request, Existing existing,
                                      const Events& events, const StopToken& stop) {
  const FunctionRequest& asked = request.asked;
  if (auto possible = check_on_lambda(asked); !possible) return tl::unexpected(possible.error());
  auto bucket = chosen_bucket(connection.environment(), asked.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  Platform platform;
  if (!request.code.is_executable()) {
    auto runtime = python_runtime(connection, asked.runtime);
    if (!runtime) return tl::unexpected(runtime.error());
    platform.runtime = std::move(*runtime);
  }
  auto session = Session::open(connection, events, stop);
  if (!session) return tl::unexpected(session.error());
  if (auto possible = check_on_local(**session, asked); !possible) return tl::unexpected(possible.error());
  platform.local = (*session)->is_local();
  platform.architecture =
      asked.architecture.value_or(platform.local ? this_machines_architecture() : "x86_64");
  platform.bucket = *bucket;
  const auto found = find_in_the_way(**session, asked.name, existing);
  if (!found) return tl::unexpected(found.error());
  if (*found && (*found)->tags.count(unfinished_tag) == 0) return function_of((*found)->configuration);
  auto resolved = resolve_request(**session, request, std::move(*bucket));
  if (!resolved) return tl::unexpected(resolved.error());
  (*session)->tell(Event::Kind::begun, asked.name);
  auto code = build_code(**session, asked, request.code, platform);
  if (!code) return tl::unexpected(code.error());
  return Preparation{std::move(*session), std::move(*resolved), std::move(*code),
                     *found ? std::optional((*found)->configuration) : std::nullopt};
}

}  // namespace

Result<JudgedRequest> judge_creation(const Connection& connection, FunctionRequest request,
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
  if (!asked.unset_environment.empty() || !asked.untags.empty())
    return fail(ErrorKind::invalid_argument, "there is nothing to remove from a function that is created.");
  Variables variables = asked.environment;
  variables.insert({{version_variable, LAMBDAPOOL_VERSION}, {codec_variable, "pickle"}});
  if (!judged.code.is_executable() && !connection.is_google() && !connection.is_local())
    if (auto possible = apply_response_mode(variables, {}, asked, BringsCode::yes); !possible)
      return tl::unexpected(possible.error());
  if (auto fits = validate_variables_size(variables, its); !fits) return tl::unexpected(fits.error());
  if (auto fits = validate_tag_count({{version_tag, ""}}, {asked.tags}); !fits && !connection.is_google())
    return tl::unexpected(fits.error());
  auto policies = read_policies(asked.policies.value_or(std::vector<std::string>{}));
  if (!policies) return tl::unexpected(policies.error());
  judged.policies = std::move(*policies);
  if (auto whole = validate_vpc({asked.subnets.value_or(std::vector<std::string>{}),
                                 asked.security_groups.value_or(std::vector<std::string>{})});
      !whole)
    return tl::unexpected(whole.error());
  return judged;
}

Result<Created> LambdaFunctions::create(Connection& connection, const JudgedRequest& request,
                                        Existing existing, const Events& events,
                                        const StopToken& stop) const {
  auto prepared = prepare(connection, request, existing, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  if (auto* there = std::get_if<Function>(&*prepared)) return Created{std::move(*there), false};
  auto& [session, resolved, code, unfinished] = std::get<Preparation>(*prepared);
  if (unfinished)
    if (auto removed = remove_unfinished(*session, request.asked, *unfinished); !removed)
      return tl::unexpected(removed.error());
  const std::string wrapper = response_mode_of(request.asked.environment).wrapper;
  if (!wrapper.empty() && !request.code.is_executable() && !session->is_local())
    session->tell(Event::Kind::note, explain_wrapper(request.asked.name, wrapper));
  const auto created = create_with_role(*session, resolved, code);
  if (!created) return tl::unexpected(created.error());
  session->tell(Event::Kind::uploaded, request.asked.name);
  Created made{function_of(*created)};
  made.function.code_sha256 = code.sha256_base64;  // others may have changed it while it became active
  return made;
}

Result<CreationPlan> LambdaFunctions::plan_creation(Connection& connection, const JudgedRequest& request,
                                                    Existing existing, const Events& events,
                                                    const StopToken& stop) const {
  auto prepared = prepare(connection, request, existing, events, stop);
  if (!prepared) return tl::unexpected(prepared.error());
  if (auto* there = std::get_if<Function>(&*prepared))
    return CreationPlan{.function = *there, .is_new = false};
  auto& [session, resolved, code, unfinished] = std::get<Preparation>(*prepared);
  const auto call = creation(*session, resolved, code, CodeUpload::none(), request.asked.role.value_or(""));
  CreationPlan plan{.replaces_unfinished = unfinished.has_value()};
  plan.function = {.name = call.name,
                   .runtime = call.runtime,
                   .architecture = call.architecture,
                   .role = call.role,
                   .description = call.description,
                   .memory_mb = call.memory_mb,
                   .timeout_s = call.timeout_s,
                   .ephemeral_mb = call.ephemeral_mb.value_or(limits::ephemeral_mb_min),
                   .size_bytes = static_cast<std::int64_t>(code.zip.size()),
                   .code_sha256 = code.sha256_base64,
                   .lambdapool_version = LAMBDAPOOL_VERSION};
  for (const std::string& arn : call.layers) plan.function.layers.push_back({arn});
  if (request.asked.role || session->is_local()) return plan;
  auto role = future_role_name(*session, request.asked.name);
  if (!role) return tl::unexpected(role.error());
  plan.made_role = std::move(*role);
  return plan;
}

}  // namespace lambdapool::deploy

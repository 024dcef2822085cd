// create leaves either a function that is ready or nothing: what this run made before a failure (role,
// function) it removes again, and what it did not make it never touches. One that was killed leaves at most
// a role, which the next create takes and delete removes, or a function with the tag of an unfinished one,
// which the next create replaces.

#include <iostream>

#include "aws/lambda/lambda.hpp"
#include "cli/code.hpp"
#include "cli/code_upload.hpp"
#include "cli/deployed_function.hpp"
#include "cli/execution_role.hpp"
#include "cli/layer_names.hpp"
#include "cli/local_limits.hpp"
#include "cli/progress.hpp"
#include "cli/project_file.hpp"
#include "cli/quantity.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"
#include "cli/tags.hpp"
#include "cli/variables.hpp"
#include "cli/verbs.hpp"
#include "core/limits.hpp"

namespace lambdapool::cli {
namespace {

constexpr const char* local_role = "arn:aws:iam::000000000000:role/lambdapool-local";

Result<void> validate_request(const FunctionOptions& options) {
  if (auto valid = validate(options); !valid) return valid;
  if (auto valid = validate_code(options); !valid) return valid;
  if (!options.unset_environment.empty() || !options.untags.empty())
    return fail(ErrorKind::invalid_argument, "there is nothing to remove from a function that is created.");
  Variables variables = options.environment;
  variables.insert({{version_variable, LAMBDAPOOL_VERSION}, {codec_variable, "pickle"}});
  if (auto fits = validate_variables_size(variables); !fits) return fits;
  if (auto fits = validate_tag_count({{version_tag, ""}}, {options.tags}); !fits) return fits;
  if (auto readable = read_policies(options.policies.value_or(std::vector<std::string>{})); !readable)
    return tl::unexpected(readable.error());
  return validate_vpc({options.subnets.value_or(std::vector<std::string>{}),
                       options.security_groups.value_or(std::vector<std::string>{})});
}

bool is_in_vpc(const FunctionOptions& options) { return options.subnets && !options.subnets->empty(); }

aws::CreateFunction creation(const FunctionOptions& options, const package::Package& code,
                             const CodeUpload& upload, const std::string& role) {
  aws::CreateFunction call;
  call.name = options.name;
  call.runtime = code.runtime;
  call.role = role;
  call.handler = code.handler;
  call.code_in_s3 = upload.object();
  if (!call.code_in_s3) call.zip = code.zip;
  call.description = options.description.value_or("Made by lambdapool");
  call.architecture = code.architecture;
  call.memory_mb = options.memory_mb.value_or(limits::memory_mb_default);
  call.timeout_s = options.timeout_s.value_or(limits::timeout_s_default);
  call.ephemeral_mb = options.ephemeral_mb;
  call.layers = options.layers.value_or(std::vector<std::string>{});
  call.environment = options.environment;
  call.environment.insert({{version_variable, LAMBDAPOOL_VERSION}, {codec_variable, code.codec}});
  call.tags = options.tags;
  call.tags[version_tag] = LAMBDAPOOL_VERSION;
  if (options.concurrency) call.tags[unfinished_tag] = "";
  if (options.installs()) call.tags[requirements_tag] = code.runtime;
  if (is_in_vpc(options)) call.vpc = aws::VpcConfig{*options.subnets, *options.security_groups};
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
Result<void> send_creation(Session& session, const http::Request& request, const ExecutionRole& role,
                           const std::string& name, const std::string& code_sha256) {
  for (int refusals = 1;; ++refusals) {
    const auto answer = session.send(request, Repeatable::no);
    if (!answer) return tl::unexpected(answer.error());
    const auto created = aws::parse_configuration(*answer);
    if (created) return {};
    if (created.error().kind == ErrorKind::conflict && answer->is_second &&
        happened_all_the_same(session, name, code_sha256))
      return {};
    if (!is_role_refusal(created.error())) return tl::unexpected(created.error());
    const auto delay = role_patience(refusals, role.made_now);
    if (!delay) return tl::unexpected(role_refused(role.arn, created.error()));
    if (auto waited = session.pause(*delay); !waited) return waited;
  }
}

bool remove_function(Session& session, const std::string& name) {
  if (call(session, aws::delete_function_request(name), aws::parse_no_content)) return true;
  std::cerr << "Warning: function " << name << " could not be removed; 'lambdapool delete " << name
            << "' removes it.\n";
  return false;
}

// What CreateFunction can't say, once the function is active.
Result<void> finish(Session& session, const FunctionOptions& options,
                    const aws::FunctionConfiguration& function) {
  if (!options.concurrency) return {};
  if (options.concurrency->executions) {
    const auto request =
        aws::put_function_concurrency_request(options.name, *options.concurrency->executions);
    if (auto reserved = call(session, request, aws::parse_no_content); !reserved) return reserved;
  }
  return call(session, aws::untag_resource_request(function.arn, {unfinished_tag}), aws::parse_no_content);
}

// Sends the code and waits until it runs. On failure the function is gone again.
Result<void> create_ready(Session& session, const FunctionOptions& options, const package::Package& code,
                          const ExecutionRole& role) {
  const Activity activity("Uploading the function");
  const auto upload = CodeUpload::prepare(session, options.bucket, options.name, code);
  if (!upload) return tl::unexpected(upload.error());
  const http::Request request = aws::create_function_request(creation(options, code, *upload, role.arn));
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on) return go_on;
  Result<void> created = send_creation(session, request, role, options.name, code.sha256_base64);
  if (!created && created.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict,
                "function " + options.name + " already exists; somebody made it just now.");
  if (!created) {
    session.see_through();
    if (!may_have_happened(created.error()) ||
        !happened_all_the_same(session, options.name, code.sha256_base64))
      return created;
  }
  const auto active = wait_until_settled(session, options.name);
  Result<void> ready = active ? finish(session, options, *active) : tl::unexpected(active.error());
  const auto go_on = session.context().interruption.check("nothing was changed");
  if (ready && go_on) return {};
  if (!active && active.error().kind == ErrorKind::not_found) return ready;  // what comes now is another's
  session.see_through();
  const bool removed = remove_function(session, options.name);
  if (!go_on && !removed)
    return fail(ErrorKind::cancelled, "interrupted, after function " + options.name + " was made.");
  return go_on ? ready : go_on;
}

Result<ExecutionRole> role_for(Session& session, const FunctionOptions& options) {
  if (options.role) return ExecutionRole{{}, *options.role, false};
  if (session.is_local()) return ExecutionRole{{}, local_role, false};
  auto asked = read_policies(options.policies.value_or(std::vector<std::string>{}));
  if (!asked) return tl::unexpected(asked.error());
  return ensure_role(
      session, options.name,
      made_role_policies(session, std::move(*asked), is_in_vpc(options) ? InVpc::yes : InVpc::no));
}

// Whether there is a function that runs as the role: one that could not be removed again, or that of somebody
// who creates one of the same name at once and shares the role. Where that cannot be seen, there may be.
bool is_in_use(Session& session, const std::string& name, const ExecutionRole& role) {
  const auto found = find_function(session, name);
  if (!found)
    std::cerr << "Warning: whether there is a function " << name << " now is not known, so role " << role.name
              << " is left; 'lambdapool delete " << name << "' removes both.\n";
  return !found || (*found && (*found)->configuration.role == role.arn);
}

Result<void> create_with_role(Session& session, const FunctionOptions& options,
                              const package::Package& code) {
  const auto role = role_for(session, options);
  if (!role) return tl::unexpected(role.error());
  say("=== Uploading function and dependencies ===");
  auto created = create_ready(session, options, code, *role);
  if (created) return created;
  session.see_through();
  if (role->made_now && !is_in_use(session, options.name, *role))
    if (auto removed = remove_role(session, role->name); !removed)
      std::cerr << "Warning: " << removed.error().message << "\n";
  return created;
}

Result<void> tell(Session& session, const FunctionOptions& options, const package::Package& code) {
  if (!options.role && !session.is_local()) {
    const auto role = future_role_name(session, options.name);
    if (!role) return tl::unexpected(role.error());
    say("Would make the role " + *role);
    for (const auto& policy : options.policies.value_or(std::vector<std::string>{}))
      say("Would give the role the policy " + policy);
  }
  const auto call = creation(options, code, CodeUpload::none(), "");
  say("Would create function " + options.name + ": " + call.runtime + " on " + call.architecture + ", " +
      std::to_string(call.memory_mb) + " MB, " + std::to_string(call.timeout_s) + " s, code of " +
      readable_size(static_cast<std::int64_t>(code.zip.size())));
  if (options.description) say("Would describe it as '" + call.description + "'");
  if (call.ephemeral_mb) say("Would give it " + std::to_string(*call.ephemeral_mb) + " MB of /tmp");
  for (const std::string& subnet : call.vpc.value_or(aws::VpcConfig{}).subnets)
    say("Would put it into " + subnet + " of a VPC");
  for (const std::string& group : call.vpc.value_or(aws::VpcConfig{}).security_groups)
    say("Would give it the security group " + group);
  for (const std::string& layer : call.layers) say("Would use layer " + layer);
  for (const auto& [name, value] : options.environment) say("Would set environment variable " + name);
  for (const auto& [key, value] : options.tags) say("Would tag it " + key + "=" + value);
  if (options.concurrency && options.concurrency->executions)
    say("Would reserve a concurrency of " + std::to_string(*options.concurrency->executions));
  say("=== Dry run: nothing was changed ===");
  return {};
}

Result<Platform> platform_of(const Context& context, const FunctionOptions& options) {
  Platform platform;
  if (is_executable_code(options)) return platform;
  auto runtime = python_runtime(context, options);
  if (!runtime) return tl::unexpected(runtime.error());
  platform.runtime = std::move(*runtime);
  return platform;
}

// What an interrupted create has left: the function, and its role where the new one does not take it.
Result<void> remove_unfinished(Session& session, const FunctionOptions& options,
                               const aws::FunctionConfiguration& old) {
  say("An interrupted create left function " + options.name + " unfinished; it is made anew.");
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on) return go_on;
  if (!remove_function(session, options.name))
    return fail(ErrorKind::service, "function " + options.name + " is unfinished and could not be removed.");
  if (!options.role || *options.role == old.role) return {};
  const auto made = made_role(session, old.role, options.name);
  if (!made) return tl::unexpected(made.error());
  return *made ? remove_role(session, **made) : Result<void>{};
}

// `unfinished`: what an interrupted create has left, or null.
Result<void> create_new(Session& session, const FunctionOptions& options, const Platform& platform,
                        const aws::FunctionConfiguration* unfinished) {
  if (options.paths.empty())
    std::cerr << "Note: function " << options.name
              << " gets no code of its own, as no PATHS are given: it runs what its calls bring along.\n";
  say("=== Creating lambdapool function ===");
  auto code = build_code(session.context(), options, platform, Verb::create);
  if (!code) return tl::unexpected(code.error());
  if (unfinished && options.dry_run)
    say("Would remove function " + options.name + ", which an interrupted create left unfinished");
  if (options.dry_run) return tell(session, options, *code);
  if (unfinished)
    if (auto removed = remove_unfinished(session, options, *unfinished); !removed) return removed;
  if (auto created = create_with_role(session, options, *code); !created) return created;
  say("=== Function " + options.name + " uploaded along with all dependencies ===");
  say("=== Succesfully created lambdapool function " + options.name + " ===");
  return {};
}

// Of a whole project, what is there already is no mistake.
enum class Existing { refuse, leave };

Result<void> create_one(const Context& context, const FunctionOptions& given, Existing existing,
                        SharedTarget& shared) {
  FunctionOptions options = given;
  auto bucket = chosen_bucket(context, options.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  options.bucket = *bucket;
  auto platform = platform_of(context, options);
  if (!platform) return tl::unexpected(platform.error());
  auto opened = Session::open(context);
  if (!opened) return tl::unexpected(opened.error());
  Session& session = **opened;
  shared = session.target();
  if (auto possible = check_on_local(session, given); !possible) return possible;
  platform->local = session.is_local();
  platform->architecture =
      options.architecture.value_or(platform->local ? this_machines_architecture() : "x86_64");
  platform->bucket = options.bucket;
  const auto found = find_function(session, options.name);
  if (!found) return tl::unexpected(found.error());
  if (*found && !is_own(**found))
    return fail(ErrorKind::conflict, "function " + options.name +
                                         " already exists and was not made by lambdapool; it is left as it "
                                         "is, so choose another name.");
  if (*found && (*found)->tags.count(unfinished_tag) == 0 && existing == Existing::leave) {
    say("Function " + options.name + " already exists and is left as it is.");
    return {};
  }
  if (*found && (*found)->tags.count(unfinished_tag) == 0)
    return fail(ErrorKind::conflict, "function " + options.name + " already exists; 'lambdapool update " +
                                         options.name + "' changes it.");
  if (options.layers) {
    auto arns = resolve_layers(session, *options.layers);
    if (!arns) return tl::unexpected(arns.error());
    options.layers = std::move(*arns);
  }
  return create_new(session, options, *platform, *found ? &(*found)->configuration : nullptr);
}

}  // namespace

Result<void> create_function(const Context& context, const FunctionOptions& given) {
  const auto asked = asked_functions(given, asks_for_anything(given) ? Beside::options : Beside::nothing);
  if (!asked) return tl::unexpected(asked.error());
  for (const FunctionOptions& options : *asked)
    if (auto valid = validate_request(options); !valid) return valid;
  const auto existing = given.name.empty() ? Existing::leave : Existing::refuse;
  SharedTarget shared;
  return each_in_turn(
      *asked, [&](const FunctionOptions& options) { return create_one(context, options, existing, shared); });
}

}  // namespace lambdapool::cli

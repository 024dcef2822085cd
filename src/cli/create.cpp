// create leaves either a function that is ready or nothing: what this run made before a failure (role,
// function) it removes again, and what it did not make it never touches.

#include <chrono>
#include <iostream>

#include "aws/lambda.hpp"
#include "cli/code.hpp"
#include "cli/deployed_function.hpp"
#include "cli/execution_role.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"
#include "core/limits.hpp"

namespace lambdapool::cli {
namespace {

constexpr const char* local_role = "arn:aws:iam::000000000000:role/lambdapool-local";
constexpr std::chrono::seconds role_propagates_within{90};

Result<void> require_absent(Session& session, const std::string& name) {
  const auto found = find_function(session, name);
  if (!found) return tl::unexpected(found.error());
  if (*found)
    return fail(ErrorKind::conflict,
                "function " + name + " already exists; 'lambdapool update " + name + "' changes it.");
  return {};
}

aws::CreateFunction creation(const FunctionOptions& options, package::Package code, const std::string& role) {
  aws::CreateFunction call;
  call.name = options.name;
  call.runtime = code.runtime;
  call.role = role;
  call.handler = code.handler;
  call.zip = std::move(code.zip);
  call.description = "Made by lambdapool";
  call.architecture = code.architecture;
  call.memory_mb = options.memory_mb.value_or(limits::memory_mb_default);
  call.timeout_s = options.timeout_s.value_or(limits::timeout_s_default);
  call.layers = options.layers.value_or(std::vector<std::string>{});
  call.environment = {{version_variable, LAMBDAPOOL_VERSION}, {codec_variable, code.codec}};
  call.tags = {{version_tag, LAMBDAPOOL_VERSION}};
  return call;
}

bool role_not_yet_known(const Error& error) {
  return error.message.find("cannot be assumed by Lambda") != std::string::npos ||
         error.detail.find("cannot be assumed by Lambda") != std::string::npos;
}

// IAM tells Lambda of a new role some seconds later, so that refusal alone is waited out.
Result<void> send_creation(Session& session, const http::Request& request, bool role_is_new) {
  const auto deadline = std::chrono::steady_clock::now() + role_propagates_within;
  for (std::chrono::milliseconds delay{1'000};;
       delay = std::min(delay * 2, std::chrono::milliseconds{8'000})) {
    const auto answer = session.send(request, Repeatable::no);
    if (!answer) return tl::unexpected(answer.error());
    const auto created = aws::parse_configuration(*answer);
    if (created) return {};
    if (!role_is_new || !role_not_yet_known(created.error()) || std::chrono::steady_clock::now() > deadline)
      return tl::unexpected(created.error());
    if (auto waited = session.pause(delay); !waited) return waited;
  }
}

// Whether a creation whose answer got lost has happened all the same. There was no function of that name
// when we looked first, so one with our very code is ours.
bool happened_all_the_same(Session& session, const std::string& name, const std::string& code_sha256) {
  const auto found = find_function(session, name);
  return found && *found && (*found)->configuration.code_sha256 == code_sha256 &&
         (*found)->tags.count(version_tag) != 0;
}

void remove_function(Session& session, const std::string& name) {
  const auto answer = session.send(aws::delete_function_request(name), Repeatable::yes);
  if (!answer || !aws::parse_no_content(*answer))
    std::cerr << "Warning: function " << name << " could not be removed; 'lambdapool delete " << name
              << "' removes it.\n";
}

// Sends the code and waits until it runs. On failure the function is gone again.
Result<void> upload(Session& session, const FunctionOptions& options, package::Package code,
                    const ExecutionRole& role) {
  const Activity activity("Uploading the function");
  const std::string sha256 = code.sha256_base64;
  const http::Request request = aws::create_function_request(creation(options, std::move(code), role.arn));
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on) return go_on;
  Result<void> created = send_creation(session, request, role.made_now);
  if (!created && created.error().kind == ErrorKind::conflict)
    return fail(ErrorKind::conflict,
                "function " + options.name + " already exists; somebody made it just now.");
  if (!created) {
    const bool unknown =
        created.error().kind == ErrorKind::network || created.error().kind == ErrorKind::timed_out;
    session.see_through();
    if (!unknown || !happened_all_the_same(session, options.name, sha256)) return created;
  }
  const auto active = wait_until_settled(session, options.name);
  const auto go_on = session.context().interruption.check("nothing was changed");
  if (active && go_on) return {};
  session.see_through();
  remove_function(session, options.name);
  return go_on ? Result<void>(tl::unexpected(active.error())) : go_on;
}

Result<ExecutionRole> role_for(Session& session, const FunctionOptions& options) {
  if (options.role) return ExecutionRole{*options.role, false};
  if (session.is_local()) return ExecutionRole{local_role, false};
  return ensure_role(session, options.name);
}

}  // namespace

Result<void> create_function(const Context& context, const FunctionOptions& options) {
  if (auto valid = validate(options); !valid) return valid;
  if (auto valid = validate_code(options); !valid) return valid;
  Platform platform;
  if (!is_executable_code(options)) {
    auto runtime = python_runtime(context, options);
    if (!runtime) return tl::unexpected(runtime.error());
    platform.runtime = *runtime;
  }
  auto session = Session::open(context);
  if (!session) return tl::unexpected(session.error());
  platform.local = (*session)->is_local();
  platform.architecture = platform.local ? this_machines_architecture() : "x86_64";
  if (auto absent = require_absent(**session, options.name); !absent) return absent;
  say("=== Creating lambdapool function ===");
  auto code = build_code(context, options, platform, Verb::create);
  if (!code) return tl::unexpected(code.error());
  const auto role = role_for(**session, options);
  if (!role) return tl::unexpected(role.error());
  say("=== Uploading function and dependencies ===");
  if (auto uploaded = upload(**session, options, std::move(*code), *role); !uploaded) {
    (*session)->see_through();
    if (role->made_now)
      if (auto removed = remove_role(**session, options.name); !removed)
        std::cerr << "Warning: " << removed.error().message << "\n";
    return uploaded;
  }
  say("=== Function " + options.name + " uploaded along with all dependencies ===");
  say("=== Succesfully created lambdapool function " + options.name + " ===");
  return {};
}

}  // namespace lambdapool::cli

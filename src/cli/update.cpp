// update changes what it is told to and nothing else, and a failure leaves the function as it was.
//
// Lambda changes configuration and code in two calls, each of them atomic. The configuration goes first:
// it is where the service can still say no (a layer that does not exist), and its old values are known, so
// it can be put back should the code then be refused. Each step names the revision that it builds on, so
// that somebody else's change in between is noticed instead of overwritten.

#include <iostream>

#include "aws/lambda.hpp"
#include "cli/code.hpp"
#include "cli/deployed_function.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

using aws::FunctionConfiguration;
using aws::UpdateFunctionConfiguration;

std::vector<std::string> layer_arns(const FunctionConfiguration& function) {
  std::vector<std::string> arns;
  for (const auto& layer : function.layers) arns.push_back(layer.arn);
  return arns;
}

Result<void> validate_request(const FunctionOptions& options) {
  if (auto valid = validate(options); !valid) return valid;
  if (auto valid = validate_code(options); !valid) return valid;
  if (options.paths.empty() && options.requirements)
    return fail(
        ErrorKind::invalid_argument,
        "--requirements needs the paths as well, because an update replaces all of the function's code.");
  if (options.paths.empty() && !options.memory_mb && !options.timeout_s && !options.layers &&
      !options.runtime)
    return fail(ErrorKind::invalid_argument,
                "there is nothing to update: give paths, --memory, --timeout, --layers or "
                "--runtime.");
  return {};
}

Result<void> same_kind(const FunctionConfiguration& now, const FunctionOptions& options) {
  const auto codec = now.environment.find(codec_variable);
  const bool is_executable = codec != now.environment.end() && codec->second == "cpp";
  const bool becomes_executable = options.paths.empty() ? is_executable : is_executable_code(options);
  if (is_executable != becomes_executable)
    return fail(ErrorKind::invalid_argument, "function " + options.name +
                                                 (is_executable ? " is an executable" : " is Python code") +
                                                 "; to make it the other kind, delete and create it.");
  if (is_executable && options.runtime && *options.runtime != now.runtime)
    return fail(ErrorKind::invalid_argument,
                "function " + options.name + " is an executable and runs on " + now.runtime + " only.");
  return {};
}

// Sets `field` of the change, and its old value in `back`, if it was asked for and differs.
template <class T>
void set_if_new(std::optional<T>& field, std::optional<T>& back, const std::optional<T>& asked,
                const T& now) {
  if (!asked || *asked == now) return;
  field = asked;
  back = now;
}

// A change of the configuration and the way back.
struct Change {
  UpdateFunctionConfiguration forth;
  UpdateFunctionConfiguration back;

  bool empty() const {
    return !forth.memory_mb && !forth.timeout_s && !forth.layers && !forth.runtime && !forth.environment;
  }
};

Change change_of(const FunctionConfiguration& now, const FunctionOptions& options, bool new_code) {
  Change change{{options.name}, {options.name}};
  set_if_new(change.forth.memory_mb, change.back.memory_mb, options.memory_mb, now.memory_mb);
  set_if_new(change.forth.timeout_s, change.back.timeout_s, options.timeout_s, now.timeout_s);
  set_if_new(change.forth.layers, change.back.layers, options.layers, layer_arns(now));
  set_if_new(change.forth.runtime, change.back.runtime, options.runtime, now.runtime);
  if (new_code) {
    auto environment = now.environment;
    environment[version_variable] = LAMBDAPOOL_VERSION;
    set_if_new(change.forth.environment, change.back.environment, std::optional(environment),
               now.environment);
  }
  return change;
}

Result<FunctionConfiguration> send_and_settle(Session& session, const http::Request& request,
                                              const std::string& name) {
  const auto answer = session.send(request, Repeatable::no);
  if (!answer) return tl::unexpected(answer.error());
  const auto accepted = aws::parse_configuration(*answer);
  if (!accepted && accepted.error().http_status == 412)
    return fail(ErrorKind::conflict,
                "function " + name + " was changed by somebody else in the meantime; try again.");
  if (!accepted) return accepted;
  return wait_until_settled(session, name);
}

void put_back(Session& session, const Change& change) {
  const auto done =
      send_and_settle(session, aws::update_function_configuration_request(change.back), change.back.name);
  if (!done)
    std::cerr << "Warning: the configuration of function " << change.back.name
              << " could not be put back: " << done.error().message << "\n";
}

// The configuration as it stands afterwards.
Result<FunctionConfiguration> update_configuration(Session& session, Change& change,
                                                   const FunctionConfiguration& now) {
  if (change.empty()) return now;
  const Activity activity("Configuring the function");
  change.forth.revision_id = now.revision_id;
  auto done =
      send_and_settle(session, aws::update_function_configuration_request(change.forth), change.forth.name);
  const bool refused = !done && done.error().http_status >= 400 && done.error().http_status < 500;
  if (!done && !refused && done.error().kind != ErrorKind::conflict) put_back(session, change);
  return done;
}

Result<void> update_code(Session& session, const std::string& name, package::Package code,
                         const FunctionConfiguration& now) {
  const Activity activity("Uploading the function");
  aws::UpdateFunctionCode call{name, std::move(code.zip)};
  if (!now.architecture.empty() && now.architecture != code.architecture)
    call.architecture = code.architecture;
  call.revision_id = now.revision_id;
  const auto done = send_and_settle(session, aws::update_function_code_request(call), name);
  if (done) return {};
  // An answer that got lost may have been a yes.
  const auto found = find_function(session, name);
  if (found && *found && (*found)->configuration.code_sha256 == code.sha256_base64 &&
      (*found)->configuration.last_update_status != "Failed")
    return {};
  return tl::unexpected(done.error());
}

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

Result<std::optional<package::Package>> new_code(const Context& context, const FunctionOptions& options,
                                                 const FunctionConfiguration& now, bool local) {
  if (options.paths.empty()) return std::optional<package::Package>{};
  tell_of_another_python(context, options, now);
  Platform platform;
  platform.runtime = options.runtime.value_or(now.runtime);
  platform.architecture = now.architecture.empty() ? "x86_64" : now.architecture;
  platform.local = local;
  auto code = build_code(context, options, platform, Verb::update);
  if (!code) return tl::unexpected(code.error());
  if (code->sha256_base64 == now.code_sha256) {
    say("=== Unchanged: the code of function " + options.name + " is not uploaded again ===");
    return std::optional<package::Package>{};
  }
  return std::optional(std::move(*code));
}

Result<void> apply(Session& session, const FunctionOptions& options, std::optional<package::Package> code,
                   const FunctionConfiguration& now) {
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on) return go_on;
  session.see_through();
  Change change = change_of(now, options, code.has_value());
  if (code) say("=== Uploading function and dependencies ===");
  const auto configured = update_configuration(session, change, now);
  if (!configured) return tl::unexpected(configured.error());
  if (!code) return {};
  if (auto uploaded = update_code(session, options.name, std::move(*code), *configured); !uploaded) {
    if (!change.empty()) put_back(session, change);
    return uploaded;
  }
  say("=== Function " + options.name + " uploaded along with all dependencies ===");
  return {};
}

}  // namespace

Result<void> update_function(const Context& context, const FunctionOptions& options) {
  if (auto valid = validate_request(options); !valid) return valid;
  auto opened = Session::open(context);
  if (!opened) return tl::unexpected(opened.error());
  Session& session = **opened;
  const auto function = own_function(session, options.name);
  if (!function) return tl::unexpected(function.error());
  if (auto same = same_kind(function->configuration, options); !same) return same;
  say("=== Updating lambdapool function ===");
  const auto now = wait_until_settled(session, options.name);
  if (!now) return tl::unexpected(now.error());
  auto code = new_code(context, options, *now, session.is_local());
  if (!code) return tl::unexpected(code.error());
  if (auto applied = apply(session, options, std::move(*code), *now); !applied) return applied;
  say("=== Updated lambdapool function " + options.name + " ===");
  return {};
}

}  // namespace lambdapool::cli

// update changes what it is told to and nothing else. First come rights that the function gets, then its code
// and configuration, both or neither (code_and_configuration.hpp), then what has no revision, and last the
// rights that nothing needs any more. The same command again goes on where one has failed.

#include "aws/lambda/lambda.hpp"
#include "cli/change.hpp"
#include "cli/code.hpp"
#include "cli/code_and_configuration.hpp"
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
#include "cli/update_plan.hpp"
#include "cli/verbs.hpp"

namespace lambdapool::cli {
namespace {

using aws::FunctionConfiguration;
using aws::FunctionDescription;

Result<void> validate_request(const FunctionOptions& options) {
  if (auto valid = validate(options); !valid) return valid;
  if (auto valid = validate_code(options); !valid) return valid;
  if (options.paths.empty() && options.requirements)
    return fail(
        ErrorKind::invalid_argument,
        "--requirements needs the paths as well, because an update replaces all of the function's code.");
  if (options.paths.empty() && options.architecture)
    return fail(ErrorKind::invalid_argument,
                "--architecture needs the paths as well, because code is made for one instruction set.");
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

// Installed packages are of one runtime, and not among the paths: neither may be lost without a word.
Result<void> keeps_packages(const aws::FunctionDescription& now, const FunctionOptions& options) {
  const auto installed_for = now.tags.find(requirements_tag);
  if (installed_for == now.tags.end()) return {};
  if (!options.paths.empty() && !options.requirements)
    return fail(ErrorKind::invalid_argument,
                "function " + options.name +
                    " has packages of a requirements file, which new code without them would lose: give -r "
                    "FILE again, or -r \"\" to leave them out.");
  if (options.paths.empty() && options.runtime && *options.runtime != installed_for->second)
    return fail(ErrorKind::invalid_argument,
                "the packages of function " + options.name + " were installed for " + installed_for->second +
                    "; to change the runtime, give the paths and -r FILE as well.");
  return {};
}

Result<void> own_role(Session& session, const FunctionConfiguration& now, const FunctionOptions& options) {
  if (!options.policies || session.is_local()) return {};
  if (options.policies->empty() && options.role) return {};
  const auto made = made_role(session, options.role.value_or(now.role), options.name);
  if (!made) return tl::unexpected(made.error());
  if (*made) return {};
  return fail(ErrorKind::invalid_argument, "function " + options.name + " runs as " + now.role +
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
Result<void> drop_rights(Session& session, const FunctionOptions& options, const Plan& plan,
                         const std::string& function_arn) {
  if (plan.left_role) {
    const auto made = made_role(session, *plan.left_role, options.name);
    if (!made) return tl::unexpected(made.error());
    if (*made)
      if (auto removed = remove_role(session, **made); !removed) return removed;
    if (auto unmarked =
            call(session, aws::untag_resource_request(function_arn, {left_role_tag}), aws::parse_no_content);
        !unmarked)
      return unmarked;
  }
  if (!plan.policies || !options.policies) return {};
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

Result<void> apply(Session& session, const FunctionOptions& options, const Plan& plan,
                   const FunctionDescription& now) {
  if (plan.code) say("=== Uploading function and dependencies ===");
  auto upload = plan.code ? CodeUpload::prepare(session, options.bucket, options.name, *plan.code)
                          : Result<CodeUpload>(CodeUpload::none());
  if (!upload) return tl::unexpected(upload.error());
  if (auto go_on = session.context().interruption.check("nothing was changed"); !go_on) return go_on;
  session.see_through();
  if (auto done = change_policies(session, plan); !done) return done;
  if (auto done = mark_left_role(session, plan, now); !done) return done;
  if (auto done = change_code_and_configuration(session, options, plan, *upload, now); !done) return done;
  Result<void> done = change_marks(session, options.name, now.configuration.arn, plan.change);
  if (done) done = drop_rights(session, options, plan, now.configuration.arn);
  if (done) return done;
  Error error = done.error();
  error.message = "the code and the configuration of function " + options.name +
                  " are updated, but not the rest, which the same command does again: " + error.message;
  return tl::unexpected(std::move(error));
}

void tell(const Plan& plan) {
  if (plan.code)
    say("Would upload the code (" + readable_size(static_cast<std::int64_t>(plan.code->zip.size())) + ")");
  for (const std::string& line : plan.change.lines) say("Would change " + line);
  if (plan.left_role) say("Would remove the role " + *plan.left_role);
}

Result<void> update_found(Session& session, FunctionOptions options) {
  const auto now = wait_until_idle(session, options.name);
  if (!now) return tl::unexpected(now.error());
  auto plan = make_plan(session, options, *now);
  if (!plan) return tl::unexpected(plan.error());
  const bool nothing = !plan->code && plan->change.empty() && !plan->policies && !plan->left_role;
  if (nothing && !options.dry_run)
    say("=== Unchanged: function " + options.name + " is as it was asked to be ===");
  if (!options.dry_run) return nothing ? Result<void>{} : apply(session, options, *plan, *now);
  tell(*plan);
  say("=== Dry run: nothing was changed ===");
  return {};
}

Result<void> update_one(const Context& context, const FunctionOptions& given, SharedTarget& shared) {
  FunctionOptions options = given;
  auto bucket = chosen_bucket(context, options.bucket);
  if (!bucket) return tl::unexpected(bucket.error());
  options.bucket = *bucket;
  if (options.policies)
    if (auto readable = read_policies(*options.policies); !readable) return tl::unexpected(readable.error());
  auto opened = Session::open(context);
  if (!opened) return tl::unexpected(opened.error());
  Session& session = **opened;
  shared = session.target();
  if (auto possible = check_on_local(session, given); !possible) return possible;
  const auto function = own_function(session, options.name);
  if (!function) return tl::unexpected(function.error());
  if (is_damaged(*function))
    return fail(ErrorKind::conflict, "function " + options.name +
                                         " cannot be updated: " + function->configuration.state_reason + ".");
  if (!asks_for_anything(options))
    return fail(ErrorKind::invalid_argument,
                "there is nothing to update: give paths, or options such as --memory, --timeout, --layers or "
                "--env.");
  if (auto same = same_kind(function->configuration, options); !same) return same;
  if (auto kept = keeps_packages(*function, options); !kept) return kept;
  if (auto own = own_role(session, function->configuration, options); !own) return own;
  if (options.layers) {
    auto arns = resolve_layers(session, *options.layers);
    if (!arns) return tl::unexpected(arns.error());
    options.layers = std::move(*arns);
  }
  say("=== Updating lambdapool function ===");
  if (auto updated = update_found(session, options); !updated || options.dry_run) return updated;
  say("=== Updated lambdapool function " + options.name + " ===");
  return {};
}

// Options beside a name are all that is to change; a name alone is what the project file says of it.
Result<std::vector<FunctionOptions>> asked_updates(const FunctionOptions& given) {
  if (!given.name.empty() && asks_for_anything(given)) return std::vector{given};
  return asked_functions(given, Beside::nothing);
}

}  // namespace

Result<void> update_function(const Context& context, const FunctionOptions& given) {
  const auto asked = asked_updates(given);
  if (!asked) return tl::unexpected(asked.error());
  for (const FunctionOptions& options : *asked)
    if (auto valid = validate_request(options); !valid) return valid;
  SharedTarget shared;
  return each_in_turn(*asked,
                      [&](const FunctionOptions& options) { return update_one(context, options, shared); });
}

}  // namespace lambdapool::cli

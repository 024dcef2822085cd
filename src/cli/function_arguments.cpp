#include "cli/function_arguments.hpp"

#include "cli/arguments.hpp"

namespace lambdapool::cli {
namespace {

using Texts = std::vector<std::string>;

// A list that an empty value empties.
void add_list(CLI::App& verb, const std::string& name, std::optional<Texts>& list, Commas commas,
              const char* type, const char* help) {
  const auto set = [&list](const Texts& given) {
    list.emplace();
    for (const std::string& item : given)
      if (!item.empty()) list->push_back(item);
  };
  add_repeated(verb, name, type, commas, set, help);
}

void add_set(CLI::App& verb, const std::string& name, std::set<std::string>& names, const char* help) {
  const auto add = [&names](const Texts& given) { names.insert(given.begin(), given.end()); };
  add_repeated(verb, name, "NAME", Commas::belong, add, help);
}

void add_code(CLI::App& verb, FunctionOptions& function) {
  // Shown as it is usually given; a project file may stand in for it.
  add_function_name(verb, [&](const std::string& name) {
    function.name = name;
  })->option_text("FUNCTION_NAME");
  verb.add_option("PATHS", function.paths);
  const auto set = [&](const Texts& given) {
    if (given.size() > 1)
      throw invalid("--requirements", given.back(),
                    "comes after '" + given.front() +
                        "', and one file is taken; name the others in it, with lines as '-r " + given.back() +
                        "'");
    function.requirements = given.back();
  };
  add_repeated(verb, "-r,--requirements", "PATH", Commas::belong, set,
               "Specifies the dependencies to be installed along with the function");
}

void add_sizes(CLI::App& verb, FunctionOptions& function) {
  add_integer(
      verb, "--memory", [&](int value) { function.memory_mb = value; },
      "Sets the memory size of the function environment");
  add_integer(
      verb, "--timeout", [&](int value) { function.timeout_s = value; },
      "Sets the timeout for the function in seconds");
  add_list(verb, "--layers", function.layers, Commas::separate, "TEXT",
           "Sets the layers to be used when the function is ran. The Layers ARN's (a maximum of 5) should be "
           "specified.");
}

void add_platform(CLI::App& verb, FunctionOptions& function, const char* runtime_help,
                  const char* architecture_help) {
  add_text(verb, "--runtime", function.runtime, "TEXT", runtime_help);
  add_choice(
      verb, "--architecture", {"x86_64", "arm64"},
      [&](const std::string& architecture) { function.architecture = architecture; }, architecture_help);
  add_integer(
      verb, "--ephemeral-storage", [&](int value) { function.ephemeral_mb = value; },
      "Sets the size of /tmp in MB (512 to 10240)");
  add_choice(
      verb, "--response-mode", {"streaming", "buffered"},
      [&](const std::string& mode) { function.response_mode = mode; },
      "Sets whether a Python function on AWS streams answers (the default) or leaves them to Lambda's "
      "runtime "
      "client, which cannot");
  add_text(verb, "--description", function.description, "TEXT", "Sets the description of the function");
}

void add_marks(CLI::App& verb, FunctionOptions& function, const char* env_help, const char* tag_help) {
  add_pairs(
      verb, "--env", "NAME=VALUE",
      [&](std::string name, const std::string& value) { function.environment[std::move(name)] = value; },
      env_help);
  add_pairs(
      verb, "--tag", "KEY=VALUE",
      [&](std::string key, const std::string& value) { function.tags[std::move(key)] = value; }, tag_help);
}

void add_place(CLI::App& verb, FunctionOptions& function) {
  add_list(verb, "--subnet", function.subnets, Commas::separate, "ID",
           "Puts the function into this subnet of a VPC; may be repeated");
  add_list(verb, "--security-group", function.security_groups, Commas::separate, "ID",
           "Gives the function this security group of the VPC; may be repeated");
  const auto reserve = [&](const std::string& text) {
    const auto executions = parse_integer(text);
    if (!executions && text != "none")
      throw CLI::ValidationError("Invalid value for '--concurrency': '" + text +
                                 "' is neither a number nor 'none'");
    function.concurrency = deploy::Reservation{executions};
  };
  verb.add_option_function<std::string>(
          "--concurrency", reserve,
          "Keeps this many concurrent executions for the function, and lets it have no more; 0 stops it, "
          "'none' lets it share the account's")
      ->type_name("[N|none]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_integer(
      verb, "--per-instance", [&](int value) { function.per_instance = value; },
      "Sets how many tasks run at a time in one instance of Cloud Run (1 to 1000), which share its memory "
      "and "
      "its price");
}

void add_rights(CLI::App& verb, FunctionOptions& function, const char* role_help, const char* policy_help) {
  add_text(verb, "--role", function.role, "TEXT", role_help);
  add_text(verb, "--service-account", function.service_account, "EMAIL",
           "Sets the service account that the function runs as on Cloud Run");
  add_list(verb, "--policy", function.policies, Commas::belong, "[ARN|FILE]", policy_help);
  add_text(verb, "--bucket", function.bucket, "NAME",
           "Sets the S3 bucket through which a package above 50 MB is uploaded; the object is removed "
           "afterwards. Also: $LAMBDAPOOL_BUCKET.");
  add_allowed_secrets(verb, function.allowed_secrets);
  verb.add_flag("--dry-run", function.dry_run, "Say what would be done and do nothing");
}

}  // namespace

void add_create_arguments(CLI::App& verb, FunctionOptions& function) {
  add_code(verb, function);
  add_sizes(verb, function);
  add_platform(
      verb, function,
      "Sets the runtime, such as python3.13. Without it, that of the Python that calls the function: "
      "the one of $VIRTUAL_ENV, else the one beside lambdapool, else python3 on the PATH.",
      "Sets the instruction set (the default is x86_64; on the local target, this machine's)");
  add_marks(verb, function, "Sets an environment variable of the function; may be repeated",
            "Tags the function; may be repeated");
  add_place(verb, function);
  add_rights(
      verb, function,
      "Sets the ARN of the role that the function runs as. Without it, a role is made for the "
      "function.",
      "Gives the role that is made a policy beside the one to write logs: a managed one by its ARN, or "
      "a JSON file; may be repeated");
}

void add_update_arguments(CLI::App& verb, FunctionOptions& function) {
  add_code(verb, function);
  add_sizes(verb, function);
  add_platform(verb, function,
               "Sets the runtime, such as python3.13. Without it, the function keeps the one it has.",
               "Sets the instruction set; needs the paths as well, because code is made for one");
  add_marks(verb, function,
            "Sets an environment variable of the function, beside those that it has; may be repeated",
            "Tags the function, beside the tags that it has; may be repeated");
  add_set(verb, "--unset-env", function.unset_environment,
          "Removes an environment variable of the function; may be repeated");
  add_set(verb, "--untag", function.untags, "Removes a tag of the function; may be repeated");
  add_place(verb, function);
  add_rights(verb, function, "Sets the ARN of the role that the function runs as",
             "Sets the policies of the role that was made for the function, beside the one to write logs; "
             "may be repeated, and an empty one removes them all");
}

}  // namespace lambdapool::cli

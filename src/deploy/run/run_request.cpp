#include "deploy/run/run_request.hpp"

#include <algorithm>

#include "deploy/code/code.hpp"
#include "deploy/form.hpp"
#include "gcp/limits.hpp"

namespace lambdapool::deploy {
namespace {

constexpr const char* name_annotation = "lambdapool.dev/name";
// Of each revision.
constexpr const char* digest_annotation = "lambdapool.dev/code-sha256";
constexpr const char* size_annotation = "lambdapool.dev/code-bytes";
constexpr const char* packages_annotation = "lambdapool.dev/requirements";

// What the worker reads (docs/protocol.md, HTTP workers): the user has no say in these.
constexpr const char* timeout_variable = "LAMBDAPOOL_TIMEOUT";
constexpr const char* memory_variable = "LAMBDAPOOL_MEMORY_MB";
constexpr const char* per_instance_variable = "LAMBDAPOOL_PER_INSTANCE";
constexpr const char* http_variable = "LAMBDAPOOL_HTTP_WORKER";  // of C++ functions

constexpr const char* executables_image = "osonly24";

// The worker answers for a task that takes too long; the service's own timeout is for a worker that does not.
constexpr std::chrono::seconds grace{10};

tl::unexpected<Error> unavailable(const Connection& connection, const std::string& what) {
  return fail(ErrorKind::invalid_argument, "on the target " + connection.target_name() + ", " + what);
}

// Labels have no dots.
std::string version_label() {
  std::string version = LAMBDAPOOL_VERSION;
  std::ranges::replace(version, '.', '-');
  return version;
}

int timeout_of(const gcp::run::Service& service) {
  const auto found = service.environment.find(timeout_variable);
  return found == service.environment.end() ? static_cast<int>(service.timeout.count())
                                            : std::atoi(found->second.c_str());
}

void set_timeout(gcp::run::Service& service, int seconds) {
  service.environment[timeout_variable] = std::to_string(seconds);
  service.timeout =
      std::min(std::chrono::seconds(seconds) + grace, std::chrono::seconds(gcp::limits::timeout_s_max));
}

void set_memory(gcp::run::Service& service, int megabytes) {
  service.cpu = std::to_string(gcp::limits::processors_for(megabytes));
  service.environment[memory_variable] = std::to_string(megabytes);
  service.memory_mb = megabytes;
}

void set_per_instance(gcp::run::Service& service, int tasks) {
  service.environment[per_instance_variable] = std::to_string(tasks);
  service.concurrency = tasks;
}

bool is_ours(const std::string& variable) {
  return variable == timeout_variable || variable == memory_variable || variable == per_instance_variable ||
         variable == http_variable;
}

std::string value_in(const std::map<std::string, std::string>& annotations, const char* name) {
  const auto found = annotations.find(name);
  return found == annotations.end() ? "" : found->second;
}

// What the API takes as labels (https://cloud.google.com/run/docs/configuring/services/labels).
bool is_label_text(const std::string& text) {
  return text.size() <= 63 && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

Result<void> check_label_key(const Connection& connection, const std::string& key) {
  if (key == run_version_label)
    return unavailable(connection, "the label '" + key + "' is lambdapool's own and can't be changed.");
  if (!key.empty() && key.front() >= 'a' && key.front() <= 'z' && is_label_text(key)) return {};
  return unavailable(connection,
                     "tags are labels, and the key of one begins with a letter and has at most 63 "
                     "lower-case letters, digits, hyphens and underscores, unlike '" +
                         key + "'.");
}

Result<void> check_labels(const Connection& connection, const FunctionRequest& asked) {
  for (const auto& [key, value] : asked.tags) {
    if (auto valid = check_label_key(connection, key); !valid) return valid;
    if (!is_label_text(value))
      return unavailable(connection,
                         "tags are labels, and the value of one has at most 63 lower-case letters, "
                         "digits, hyphens and underscores, unlike '" +
                             value + "'.");
  }
  for (const auto& key : asked.untags)
    if (auto valid = check_label_key(connection, key); !valid) return valid;
  if (asked.tags.size() >= gcp::limits::labels_max)
    return unavailable(connection, "tags are labels, of which there are at most " +
                                       std::to_string(gcp::limits::labels_max) +
                                       " (lambdapool's own included).");
  return {};
}

std::string from_to(const std::string& what, int before, int after, const std::string& unit) {
  return what + " from " + std::to_string(before) + " to " + std::to_string(after) + " " + unit;
}

}  // namespace

Result<void> check_on_run(const Connection& connection, const FunctionRequest& asked) {
  const auto given = [](const auto& list) { return list && !list->empty(); };
  if (given(asked.layers))
    return unavailable(connection,
                       "there are no layers: give the layer's directories as paths of the function.");
  if (given(asked.subnets) || given(asked.security_groups))
    return unavailable(
        connection,
        "lambdapool sets up no VPC: leave --subnet and --security-group out, and give the "
        "service one with `gcloud run services update --network --subnet`, which later updates "
        "leave as it is.");
  if (asked.role || given(asked.policies))
    return unavailable(connection,
                       "there are no roles of IAM's kind: give --service-account instead of --role "
                       "and --policy.");
  if (asked.concurrency && asked.concurrency->executions)
    return unavailable(
        connection,
        "no concurrency can be reserved: leave --concurrency out, and set the most that "
        "there may be with `gcloud run services update --max-instances N`, which later updates "
        "leave as it is.");
  if (asked.ephemeral_mb)
    return unavailable(connection,
                       "files are in the function's memory: raise --memory instead of --ephemeral-storage.");
  if (asked.response_mode)
    return unavailable(connection, "--response-mode is for Lambda's answers: leave it out.");
  if (asked.bucket) return unavailable(connection, "code has a bucket of its own: leave --bucket out.");
  if (auto valid = check_labels(connection, asked); !valid) return valid;
  if (const auto runs = architecture_on_run(connection); asked.architecture && *asked.architecture != runs)
    return unavailable(connection,
                       "functions run on " + runs + " alone, not on " + *asked.architecture + ".");
  if (asked.per_instance && (*asked.per_instance < 1 || *asked.per_instance > gcp::limits::per_instance_max))
    return unavailable(connection, "1 to " + std::to_string(gcp::limits::per_instance_max) +
                                       " tasks run at a time in one instance, not " +
                                       std::to_string(*asked.per_instance) + ".");
  return {};
}

gcp::run::Service new_service(const FunctionRequest& asked) {
  gcp::run::Service service;
  service.labels = asked.tags;
  service.labels[run_version_label] = version_label();
  service.annotations[name_annotation] = asked.name;
  service.description = asked.description.value_or("Made by lambdapool");
  service.environment = asked.environment;
  set_timeout(service, asked.timeout_s.value_or(gcp::limits::timeout_s_default));
  set_memory(service, asked.memory_mb.value_or(gcp::limits::memory_mb_default));
  set_per_instance(service, asked.per_instance.value_or(1));
  service.service_account = asked.service_account.value_or("");
  return service;
}

std::vector<std::string> change_service(gcp::run::Service& service, const FunctionRequest& asked) {
  std::vector<std::string> lines;
  if (asked.memory_mb && *asked.memory_mb != service.memory_mb) {
    lines.push_back(from_to("memory", service.memory_mb, *asked.memory_mb, "MB"));
    set_memory(service, *asked.memory_mb);
  }
  if (const int before = timeout_of(service); asked.timeout_s && *asked.timeout_s != before) {
    lines.push_back(from_to("timeout", before, *asked.timeout_s, "s"));
    set_timeout(service, *asked.timeout_s);
  }
  if (asked.per_instance && *asked.per_instance != service.concurrency) {
    lines.push_back(from_to("tasks per instance", service.concurrency, *asked.per_instance, "at a time"));
    set_per_instance(service, *asked.per_instance);
  }
  if (asked.service_account && *asked.service_account != service.service_account) {
    lines.push_back("service account to " +
                    (asked.service_account->empty() ? "the project's own" : *asked.service_account));
    service.service_account = *asked.service_account;
  }
  if (asked.description && *asked.description != service.description) {
    lines.push_back("description to '" + *asked.description + "'");
    service.description = *asked.description;
  }
  for (const auto& [key, value] : asked.tags) {
    auto& now = service.labels[key];
    if (now == value) continue;
    now = value;
    lines.push_back("tag " + key);
  }
  for (const auto& key : asked.untags)
    if (service.labels.erase(key) != 0) lines.push_back("tag " + key + ", which goes");
  for (const auto& [name, value] : asked.environment) {
    if (is_ours(name)) continue;
    auto& now = service.environment[name];
    if (now == value) continue;
    now = value;
    lines.push_back("environment variable " + name);
  }
  std::erase_if(service.environment, [&](const auto& variable) {
    const auto& name = variable.first;
    const bool unwanted = asked.unset_environment.contains(name) ||
                          (asked.whole_environment && !asked.environment.contains(name));
    if (!unwanted || is_ours(name)) return false;
    lines.push_back("environment variable " + name + ", which goes");
    return true;
  });
  return lines;
}

std::string architecture_on_run(const Connection& connection) {
  return connection.target_name() == "gcp-local" ? this_machines_architecture() : "x86_64";
}

// "python3.11" is the base image python311.
void set_runtime(gcp::run::Service& service, std::string python) {
  std::erase(python, '.');
  service.base_image = std::move(python);
}

// An executable brings its own libraries.
void describe_code(gcp::run::Service& service, const package::Package& code, const FunctionRequest& asked) {
  if (code.codec == "cpp") {
    service.base_image = executables_image;
    service.command = {"./bootstrap"};
    service.arguments.clear();
    service.environment[http_variable] = "1";
  } else {
    set_runtime(service, code.runtime);
    service.command = {"python3"};
    service.arguments = {"lambdapool_agent/http_worker.py"};
    service.environment.erase(http_variable);
  }
  if (asked.installs()) {
    service.revision_annotations[packages_annotation] = code.runtime;
  } else {
    service.revision_annotations.erase(packages_annotation);
  }
  service.revision_annotations[digest_annotation] = code.sha256_base64;
  service.revision_annotations[size_annotation] = std::to_string(code.zip.size());
  service.labels[run_version_label] = version_label();
}

std::string packages_of(const gcp::run::Service& service) {
  return value_in(service.revision_annotations, packages_annotation);
}

Function function_of(const gcp::run::Service& service) {
  Function function;
  function.name = value_in(service.annotations, name_annotation);
  if (function.name.empty()) function.name = service.id();
  function.arn = service.name;
  function.runtime = service.base_image;
  if (function.runtime.starts_with("python3")) function.runtime.insert(7, ".");
  function.architecture = "x86_64";
  function.role = service.service_account;
  function.description = service.description;
  function.memory_mb = service.memory_mb;
  function.timeout_s = timeout_of(service);
  function.size_bytes = std::atoll(value_in(service.revision_annotations, size_annotation).c_str());
  function.code_sha256 = value_in(service.revision_annotations, digest_annotation);
  function.last_modified = service.update_time;
  if (service.state == "CONDITION_FAILED") function.last_update_error = service.state_message;
  if (const auto version = service.labels.find(run_version_label); version != service.labels.end()) {
    function.lambdapool_version = version->second;
    std::ranges::replace(function.lambdapool_version, '-', '.');
  }
  return function;
}

bool is_own(const gcp::run::Service& service) { return service.labels.contains(run_version_label); }

}  // namespace lambdapool::deploy

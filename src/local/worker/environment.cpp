#include "local/worker/environment.hpp"

#include <locale.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <random>

#include "core/own_wrapper.hpp"
#include "local/temporary_credentials.hpp"
#include "local/worker/java_runtime.hpp"
#include "local/worker/node_runtime.hpp"
#include "local/worker/processors.hpp"

namespace lambdapool::local {
namespace {

// Lambda says en_US.UTF-8; on a host that lacks it, std::locale("") and Perl would fail over it. Looking for
// it opens some twenty files, so that is done once.
const char* language() {
  static const bool is_there = [] {
    const locale_t found = ::newlocale(LC_ALL_MASK, "en_US.UTF-8", nullptr);
    if (found) ::freelocale(found);
    return found != nullptr;
  }();
  return is_there ? "en_US.UTF-8" : "C.UTF-8";
}

// A library for others to link to (libpq.so.5), as opposed to an extension module (_x.cpython-311.so).
bool has_shared_library(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with("lib") && name.find(".so") != std::string::npos) return true;
  }
  return false;
}

bool has_installed(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".dist-info") return true;
  }
  return false;
}

void add_paths(std::map<std::string, std::string>& variables, const WorkerSetting& setting) {
  std::string path = "/usr/local/bin:/usr/bin:/bin:" + setting.opt + "/bin";
  if (!setting.interpreter.empty()) path = setting.interpreter.parent_path().string() + ":" + path;
  variables["PATH"] = path;
  variables["LD_LIBRARY_PATH"] = setting.task_root + ":" + setting.task_root + "/lib:" + setting.opt + "/lib";
  variables["LAMBDA_TASK_ROOT"] = setting.task_root;
  variables["LAMBDA_RUNTIME_DIR"] = "/var/runtime";
  if (setting.tmp != "/tmp") variables["TMPDIR"] = setting.tmp;
}

constexpr const char* wrapper_variable = "AWS_LAMBDA_EXEC_WRAPPER";

// That of functions that were deployed to AWS: it brings a loop that streams, as the local Lambda's own does.
bool is_own_wrapper(const std::map<std::string, std::string>& variables) {
  const auto wrapper = variables.find(wrapper_variable);
  return wrapper != variables.end() && wrapper->second == own_wrapper;
}

// Where the function's files are not mounted, a wrapper among them lies elsewhere.
void place_wrapper(std::map<std::string, std::string>& variables, const WorkerSetting& setting) {
  const auto wrapper = variables.find(wrapper_variable);
  if (wrapper == variables.end()) return;
  for (const auto& [seen, real] : {std::pair("/opt/", setting.opt), {"/var/task/", setting.task_root}}) {
    const std::string prefix(seen);
    if (wrapper->second.starts_with(prefix)) {
      wrapper->second = real + "/" + wrapper->second.substr(prefix.size());
      return;
    }
  }
}

}  // namespace

std::map<std::string, std::string> worker_environment(const FunctionVersion& function,
                                                      const WorkerSetting& setting) {
  std::map<std::string, std::string> variables{
      {"AWS_DEFAULT_REGION", setting.region},
      {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", std::to_string(function.memory_mb)},
      {"AWS_LAMBDA_FUNCTION_NAME", function.name},
      {"AWS_LAMBDA_FUNCTION_VERSION", function.version},
      {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
      {"AWS_LAMBDA_LOG_GROUP_NAME", function.log_group},
      {"AWS_LAMBDA_LOG_STREAM_NAME", setting.log_stream},
      {"AWS_REGION", setting.region},
      {"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
      {"AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000"},
      {"LANG", language()},
      {"TZ", ":UTC"},
      {"_HANDLER", function.handler},
  };
  // A role's credentials on Lambda, and of their form. Ours open nothing, but keep SDKs from finding the host
  // owner's.
  const auto keys = temporary_credentials();
  variables["AWS_ACCESS_KEY_ID"] = keys.access_key_id;
  variables["AWS_SECRET_ACCESS_KEY"] = keys.secret_access_key;
  variables["AWS_SESSION_TOKEN"] = keys.session_token;
  add_paths(variables, setting);
  const bool python = function.runtime.starts_with("python");
  const bool node = is_node(function);
  if (node) {
    const auto version = function.runtime.substr(6, function.runtime.find('.') - 6);
    variables["NODE_PATH"] = setting.opt + "/nodejs/node" + version + "/node_modules:" + setting.opt +
                             "/nodejs/node_modules:/var/runtime/node_modules";
  }
  if (python || node || is_java(function)) variables["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + function.runtime;
  for (const auto& [name, value] : function.environment) variables[name] = value;
  set_thread_variables(variables, setting.processors);
  variables["AWS_LAMBDA_RUNTIME_API"] = setting.runtime_api;
  if (setting.own_runtime) variables["LAMBDAPOOL_OBJECTS"] = setting.objects;
  if (setting.own_runtime && !python) variables["LAMBDAPOOL_RUNTIME_FD"] = "3";
  if (setting.own_runtime && setting.has_packets && !python) {
    variables["LAMBDAPOOL_PARTS_FD"] = "4";
    variables["LAMBDAPOOL_PACKETS_FD"] = "5";
  }
  // The runtime client takes it out again.
  if (python && setting.opt != "/opt") variables["LAMBDAPOOL_OPT"] = setting.opt;
  if (python && is_own_wrapper(variables)) variables.erase(wrapper_variable);
  place_wrapper(variables, setting);
  return variables;
}

bool is_own_handler(const std::string& handler) { return handler.starts_with("lambdapool_agent."); }

std::map<std::string, std::string> extension_environment(std::map<std::string, std::string> runtimes) {
  for (const char* name : {"AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
                           "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDAPOOL_OPT",
                           "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "_HANDLER"}) {
    runtimes.erase(name);
  }
  return runtimes;
}

std::vector<std::string> as_strings(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> strings;
  strings.reserve(environment.size());
  for (const auto& [name, value] : environment) strings.push_back(name + "=" + value);
  return strings;
}

bool needs_fresh_interpreter(const FunctionVersion& function, const std::filesystem::path& opt) {
  for (const auto& [name, value] : function.environment) {
    for (const char* early : {"PYTHON", "LD_", "MALLOC_", "GLIBC_TUNABLES", wrapper_variable}) {
      if (name == wrapper_variable && value == own_wrapper) continue;
      if (name.starts_with(early) && name != "PYTHONPATH") return true;
    }
  }
  return has_shared_library(function.code) || has_shared_library(function.code / "lib") ||
         (!opt.empty() && has_shared_library(opt / "lib"));
}

bool has_packages(const FunctionVersion& function, const std::filesystem::path& opt) {
  if (has_installed(function.code)) return true;
  return !opt.empty() && (has_installed(opt / "python") ||
                          has_installed(opt / "python" / "lib" / function.runtime / "site-packages"));
}

std::string new_log_stream(const std::string& version) {
  std::random_device random;
  const std::time_t now = ::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char date[32], digits[40];
  std::snprintf(date, sizeof date, "%04d/%02d/%02d/[", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
  std::snprintf(digits, sizeof digits, "%08x%08x%08x%08x", random(), random(), random(), random());
  return date + version + "]" + digits;
}

}  // namespace lambdapool::local

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "deploy/checkup/checkup.hpp"
#include "local/service.hpp"
#include "local/worker/interpreters.hpp"
#include "process/process.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;

using Interpreters = std::vector<std::pair<std::string, std::string>>;  // version, path

constexpr int oldest_minor = 9, newest_minor = 15;

// The first candidate that is called so and says that it is.
std::optional<std::filesystem::path> interpreter(const std::string& version, const Environment& environment) {
  for (const auto& path : local::interpreter_candidates(version, environment, {})) {
    if (path.filename() != "python" + version) continue;
    const auto ran = process::run(
        {path.string(), "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"},
        environment);
    if (ran && ran->exit_status == 0 && ran->output == version) return path;
  }
  return std::nullopt;
}

// What functions get that import boto3 and do not bring it.
void check_sdk(const std::filesystem::path& home, const Interpreters& interpreters,
               const Environment& environment, Findings& findings) {
  std::string found;
  bool missing = false;
  for (const auto& [version, path] : interpreters) {
    const auto ran = process::run(
        {path, "-I", "-S", "-c", local::sdk_description(), local::sdk_directory(home)}, environment);
    if (!ran || ran->exit_status != 0 || ran->output.empty()) continue;
    const bool none = ran->output.front() == '!';
    missing = missing || none;
    found += (found.empty() ? "" : "; ") + version + ": " + ran->output.substr(none ? 1 : 0);
  }
  if (found.empty()) return;
  findings.push_back({missing ? Level::note : Level::ok, "boto3", found,
                      missing ? "install pip for that Python, or put boto3 into the requirements" : ""});
}

Interpreters check_interpreters(const Environment& environment, Findings& findings) {
  Interpreters interpreters;
  std::string found;
  for (int minor = oldest_minor; minor <= newest_minor; ++minor) {
    const std::string version = "3." + std::to_string(minor);
    const auto path = interpreter(version, environment);
    if (!path) continue;
    found += (found.empty() ? "" : ", ") + version + " (" + path->string() + ")";
    interpreters.emplace_back(version, path->string());
  }
  if (found.empty())
    findings.push_back({Level::note, "interpreters", "no python3.N was found, so only executables can run",
                        "install Python, or put it on the PATH, for functions that are Python"});
  else
    findings.push_back({Level::ok, "interpreters", found});
  return interpreters;
}

void check_home(const LocalHome& home, Findings& findings) {
  const std::string name = home.named().string();
  if (home.exists()) return findings.push_back({Level::ok, "home", name});
  std::error_code error;
  auto above = home.named().parent_path();
  while (above.has_relative_path() && !std::filesystem::exists(above, error)) above = above.parent_path();
  if (std::filesystem::is_directory(above, error) && ::access(above.c_str(), W_OK | X_OK) == 0)
    return findings.push_back({Level::ok, "home", name + " (not there yet: the first create makes it)"});
  findings.push_back({Level::problem, "home", name + " is not there and cannot be made in " + above.string(),
                      "name another with LAMBDAPOOL_HOME, or let that be a directory that you may write to"});
}

void check_settings(local::Service& service, Findings& findings) {
  for (const auto& line : service.without_effect())
    findings.push_back({Level::note, "settings", line + " (kept, without effect on the local Lambda)", ""});
}

}  // namespace

Result<std::unique_ptr<Session>> check_local(Connection& connection, const StopToken& stop,
                                             Findings& findings) {
  const auto home = LocalHome::find(connection);
  if (!home) {
    findings.push_back({Level::problem, "home", home.error().message});
    return std::unique_ptr<Session>();
  }
  const auto service = local::Service::start({.home = home->path(), .environment = connection.environment()});
  if (!service) {  // its message says what to do
    findings.push_back({Level::problem, "home", service.error().message});
    return std::unique_ptr<Session>();
  }
  check_home(*home, findings);
  findings.push_back({Level::ok, "limits", (*service)->isolation()});
  const auto interpreters = check_interpreters(connection.environment(), findings);
  if (!connection.is_google()) check_sdk(home->path(), interpreters, connection.environment(), findings);
  check_settings(**service, findings);
  return connection.is_google() ? Session::open_to_run(connection, {}, stop)
                                : Session::open_to_read(connection, {}, stop);
}

}  // namespace lambdapool::deploy

// Both installers are told to take wheels only, made for the function's Python and for a C library no newer
// than its runtime's. A project that publishes no wheel at all, only sources, is then refused by them; since
// most such projects are plain Python, it is built here and taken if nothing in it was compiled.
//
// Where pip runs, environment markers in requirements ("; python_version < '3.11'") are judged by the Python
// that runs pip; uv judges them by the function's.
#include "package/requirements.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "package/installed_files.hpp"
#include "process/process.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr int source_builds_max = 50;
constexpr std::size_t error_lines = 12;

// Runtimes up to python3.11 are on Amazon Linux 2 (glibc 2.26), later ones on Amazon Linux 2023 (2.34).
bool on_amazon_linux_2(const std::string& python_version) {
  return std::stoi(python_version.substr(2)) <= 11;
}

std::string machine(const PythonPackageRequest& request) {
  return request.architecture == "arm64" ? "aarch64" : "x86_64";
}

Environment installers_environment(const Environment& environment) {
  auto variables = environment.all();
  variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  variables["PIP_NO_INPUT"] = "1";
  variables["PIP_USER"] = "0";  // --user and --target exclude each other
  variables["PIP_REQUIRE_VIRTUALENV"] = "0";
  variables["PIP_ROOT_USER_ACTION"] = "ignore";
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  variables.erase("PIP_TARGET");
  variables.erase("PIP_PREFIX");
  return Environment(std::move(variables));
}

std::string function_platform(const PythonPackageRequest& request) {
  return "Python " + request.python_version + " on " + request.architecture;
}

tl::unexpected<Error> installer_failed(const PythonPackageRequest& request, const std::string& installer,
                                       const process::Outcome& outcome) {
  const std::string said =
      process::last_lines(outcome.errors.empty() ? outcome.output : outcome.errors, error_lines);
  return fail(ErrorKind::io, installer + " could not install " + request.requirements->string() + " for " +
                                 function_platform(request) + "; it said:\n" + said);
}

// "foo-bar" out of "foo-bar[extra]>=1.0; ...".
std::string project_name(const std::string& requirement) {
  const auto end = std::find_if(requirement.begin(), requirement.end(), [](unsigned char c) {
    return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.';
  });
  return {requirement.begin(), end};
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t found = text.find(before);
  if (found == std::string::npos) return "";
  const std::size_t begin = found + before.size();
  return text.substr(begin, text.find_first_of(after, begin) - begin);
}

class Installation {
 public:
  Installation(const PythonPackageRequest& request, const fs::path& work)
      : request_(request),
        environment_(installers_environment(request.environment)),
        bounds_{.give_up = request.give_up},
        installed_(work / "installed"),
        wheels_(work / "wheels"),
        python_(request.python.empty() ? "python3" : request.python.string()) {}

  Result<std::vector<ZipEntry>> run() {
    const auto uv = process::find_program("uv", environment_);
    auto done = uv ? with_uv(uv->string()) : with_pip();
    if (!done) return tl::unexpected(std::move(done.error()));
    if (const auto compiled = compiled_here(installed_, built_); !compiled.empty())
      return needs_compiling(compiled.front());
    return installed_files(installed_);
  }

 private:
  tl::unexpected<Error> needs_compiling(const std::string& project) const {
    return fail(ErrorKind::io,
                "Requirement " + project + " has no wheel for " + function_platform(request_) +
                    ", and its sources contain code to compile, which this machine can't do for "
                    "Lambda. Choose a version that has a wheel.");
  }

  Result<void> with_uv(const std::string& uv) {
    for (;;) {
      auto outcome = process::run(uv_command(uv), environment_, bounds_);
      if (!outcome) return tl::unexpected(std::move(outcome.error()));
      if (outcome->exit_status == 0) return {};
      const std::string project = between(outcome->errors, "Wheels are required for `", "`");
      if (project.empty() || !may_build(project)) return installer_failed(request_, "uv", *outcome);
      built_.push_back(project);
    }
  }

  Result<void> with_pip() {
    for (;;) {
      auto outcome = process::run(pip_command(), environment_, bounds_);
      if (!outcome) return tl::unexpected(std::move(outcome.error()));
      if (outcome->exit_status == 0) return {};
      if (outcome->errors.find("No module named pip") != std::string::npos)
        return fail(ErrorKind::io,
                    "Requirements are installed by uv or pip; there is no uv on the PATH, and " + python_ +
                        " has no pip. Install one of them.");
      const std::string wanted = between(outcome->errors, "No matching distribution found for ", "\n;( ");
      if (wanted.empty() || !may_build(project_name(wanted)))
        return installer_failed(request_, "pip", *outcome);
      if (auto built = build_wheel(wanted, *outcome); !built) return built;
      built_.push_back(project_name(wanted));
    }
  }

  bool may_build(const std::string& project) const {
    return built_.size() < source_builds_max &&
           std::find(built_.begin(), built_.end(), project) == built_.end();
  }

  // The requirements file serves as constraints here: its pins and its index options count, its list doesn't.
  Result<void> build_wheel(const std::string& wanted, const process::Outcome& refused) {
    const std::string project = project_name(wanted);
    const std::size_t extras_end = wanted.find(']');
    const std::string version =
        wanted.substr(extras_end == std::string::npos ? project.size() : extras_end + 1);
    auto outcome = process::run(
        {python_, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-binary", project, "--wheel-dir",
         wheels_.string(), "--constraint", request_.requirements->string(), project + version},
        environment_, bounds_);
    if (!outcome) return tl::unexpected(std::move(outcome.error()));
    if (outcome->exit_status != 0) return installer_failed(request_, "pip", refused);
    std::error_code error;
    for (fs::directory_iterator it(wheels_, error), end; !error && it != end; it.increment(error)) {
      const std::string wheel = it->path().stem().string();
      if (wheel.size() < 9 || wheel.substr(wheel.size() - 9) != "-none-any") return needs_compiling(project);
    }
    return {};
  }

  std::vector<std::string> uv_command(const std::string& uv) const {
    std::vector<std::string> command = {uv, "pip", "install", "--target", installed_.string()};
    if (!request_.python.empty()) command.insert(command.end(), {"--python", python_});
    command.insert(command.end(),
                   {"--no-python-downloads", "--python-version", request_.python_version, "--python-platform",
                    machine(request_) +
                        (on_amazon_linux_2(request_.python_version) ? "-manylinux2014" : "-manylinux_2_34"),
                    "--only-binary", ":all:", "--link-mode", "copy", "--no-compile-bytecode", "--no-progress",
                    "--color", "never"});
    for (const auto& project : built_) command.insert(command.end(), {"--no-binary", project});
    command.insert(command.end(), {"--requirement", request_.requirements->string()});
    return command;
  }

  std::vector<std::string> pip_command() const {
    const std::string minor = request_.python_version.substr(2);
    std::vector<std::string> command = {python_,
                                        "-m",
                                        "pip",
                                        "install",
                                        "--target",
                                        installed_.string(),
                                        "--quiet",
                                        "--no-compile",
                                        "--no-warn-script-location",
                                        "--only-binary=:all:",
                                        "--python-version",
                                        request_.python_version,
                                        "--implementation",
                                        "cp",
                                        "--abi",
                                        std::string("cp3").append(minor),
                                        "--abi",
                                        "abi3",
                                        "--abi",
                                        "none"};
    for (const auto& platform : pip_platforms()) command.insert(command.end(), {"--platform", platform});
    if (!built_.empty()) command.insert(command.end(), {"--find-links", wheels_.string()});
    command.insert(command.end(), {"--requirement", request_.requirements->string()});
    return command;
  }

  // pip, unlike uv, doesn't know that a newer C library runs what was made for an older one.
  std::vector<std::string> pip_platforms() const {
    std::vector<std::string> platforms;
    for (int minor = on_amazon_linux_2(request_.python_version) ? 26 : 34; minor >= 17; --minor)
      platforms.push_back("manylinux_2_" + std::to_string(minor) + "_" + machine(request_));
    platforms.push_back("manylinux2014_" + machine(request_));
    if (request_.architecture == "x86_64")
      platforms.insert(platforms.end(), {"manylinux_2_12_x86_64", "manylinux2010_x86_64",
                                         "manylinux_2_5_x86_64", "manylinux1_x86_64"});
    return platforms;
  }

  const PythonPackageRequest& request_;
  Environment environment_;
  process::Bounds bounds_;
  fs::path installed_;
  fs::path wheels_;
  std::string python_;
  std::vector<std::string> built_;  // projects without wheels, built from their sources
};

}  // namespace

Result<std::vector<ZipEntry>> install_requirements(const PythonPackageRequest& request,
                                                   const fs::path& work) {
  return Installation(request, work).run();
}

}  // namespace lambdapool::package

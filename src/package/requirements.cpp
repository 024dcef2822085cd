// Both installers are told to take wheels only, made for the function's Python and for a C library no newer
// than its runtime's. Where they find none, wheel_report.hpp says why: a project that publishes only sources
// and has nothing to compile is plain Python, so it is built here; everything else is refused with what would
// do.
#include "package/requirements.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/ascii.hpp"
#include "core/write_all.hpp"
#include "embedded/pip_for_function.hpp"
#include "package/installed_files.hpp"
#include "package/lambda_platform.hpp"
#include "package/requirements_file.hpp"
#include "package/wheel_report.hpp"
#include "process/process.hpp"

namespace lambdapool::package {

namespace {

namespace fs = std::filesystem;

constexpr int source_builds_max = 50;
constexpr std::size_t error_lines = 12;

Environment installers_environment(const Environment& environment) {
  auto variables = environment.all();
  variables["PIP_DISABLE_PIP_VERSION_CHECK"] = "1";
  variables["PIP_NO_INPUT"] = "1";
  variables["PIP_USER"] = "0";  // --user and --target exclude each other
  variables["PIP_REQUIRE_VIRTUALENV"] = "0";
  variables["PIP_ROOT_USER_ACTION"] = "ignore";
  variables["PYTHONDONTWRITEBYTECODE"] = "1";
  variables["PYTHONUNBUFFERED"] = "1";
  variables.erase("PIP_TARGET");
  variables.erase("PIP_PREFIX");
  return Environment(std::move(variables));
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

// The word before `text`, as in "Because numpy==2.4.6 has no wheels with"; "" where there is none.
std::string word_before(const std::string& said, const std::string& text) {
  const std::size_t end = said.find(text);
  if (end == std::string::npos || end == 0) return "";
  const std::size_t begin = said.find_last_of(" \n", end - 1);
  return said.substr(begin == std::string::npos ? 0 : begin + 1, end - begin - 1);
}

// What an installer is at, in a line; "" where it is nothing to tell.
std::string activity(const std::string& line) {
  for (const char* start : {"Collecting ", "Downloading ", "Building wheel"})
    if (line.find(start) <= 2) return line.substr(line.find(start), line.find(" (from ")) + "...";
  const std::string all = between(line, "Installing collected packages: ", "\n");
  return all.empty() ? "" : "Installing " + all + "...";
}

class Installation {
 public:
  Installation(const PythonPackageRequest& request, const fs::path& work)
      : request_(request),
        environment_(installers_environment(request.environment)),
        bounds_{.give_up = request.give_up, .on_line = {}},
        platform_(platform_of(request.python_version, request.architecture)),
        installed_(work / "installed"),
        requirements_(work / "requirements.txt"),
        pip_(work / "pip_for_function.py"),
        python_(request.python.empty() ? "python3" : request.python.string()),
        pip_runner_{python_} {
    bounds_.on_line = [this](const std::string& line) {
      const std::string told = activity(line);
      if (request_.progress && !told.empty()) request_.progress({Step::Kind::installing_package, told});
    };
  }

  static Result<void> keep(const fs::path& path, std::string_view text) {
    const int error = write_new_file(path.string(), text);
    if (error == 0) return {};
    return fail(ErrorKind::io, "Can't write " + path.string() + ": " + system_reason(error) + ".");
  }

  Result<std::vector<ZipEntry>> run() {
    auto plain = plain_requirements(*request_.requirements, environment_, requirements_.parent_path());
    if (!plain) return tl::unexpected(std::move(plain.error()));
    index_options_ = index_options(*plain);
    if (auto kept = keep(requirements_, *plain); !kept) return tl::unexpected(kept.error());
    if (auto kept = keep(pip_, embedded::pip_for_function()); !kept) return tl::unexpected(kept.error());
    const auto uv = process::find_program("uv", environment_);
    const bool by_uv = uv && (platform_.is_known_to_uv() || !find_pip(uv->string()));
    auto done = by_uv ? with_uv(uv->string()) : with_pip();
    if (!done) return tl::unexpected(std::move(done.error()));
    if (const auto compiled = compiled_here(installed_, built_); !compiled.empty())
      return fail(ErrorKind::io, "Requirement " + compiled.front() + " has no wheel for " + platform_.name +
                                     ", and its sources contain code to compile, which this machine can't do "
                                     "for Lambda. Choose a version that has a wheel.");
    if (auto whole = check_whole(installed_); !whole) return tl::unexpected(std::move(whole.error()));
    return installed_files(installed_);
  }

 private:
  tl::unexpected<Error> installer_failed(const std::string& installer,
                                         const process::Completed& outcome) const {
    const std::string& all = outcome.errors.empty() ? outcome.output : outcome.errors;
    const bool is_traceback = all.find("Traceback (most recent call last):") != std::string::npos;
    std::string said = process::last_lines(all, is_traceback ? 1 : error_lines);
    ascii::replace_all(said, requirements_.string(), request_.requirements->string());
    return fail(ErrorKind::io, installer + " could not install " + request_.requirements->string() + " for " +
                                   platform_.name + "; it said:\n" + said);
  }

  static std::vector<std::string> pip_of(const std::string& uv) {
    return {uv, "run", "--no-project", "--quiet", "--with", "pip", "python"};
  }

  // A Python that has pip: the caller's own, or one that uv makes.
  bool find_pip(const std::string& uv) {
    for (auto& runner : {std::vector<std::string>{python_}, pip_of(uv)}) {
      auto command = runner;
      command.insert(command.end(), {"-m", "pip", "--version"});
      const auto outcome = process::run(command, environment_, {.give_up = request_.give_up});
      if (!outcome || outcome->exit_status != 0) continue;
      pip_runner_ = runner;
      return true;
    }
    return false;
  }

  Result<void> with_uv(const std::string& uv) {
    for (;;) {
      auto outcome = process::run(uv_command(uv), environment_, bounds_);
      if (!outcome) return tl::unexpected(std::move(outcome.error()));
      if (outcome->exit_status == 0) return {};
      // A path or an address that its user has named is to be built, of course.
      const std::string named = between(outcome->errors, "attempted to build `", "`");
      std::string wanted = word_before(outcome->errors, " has no wheels with");
      if (wanted.empty()) wanted = word_before(outcome->errors, " has no usable wheels");
      if (wanted.empty()) wanted = between(outcome->errors, "Wheels are required for `", "`");
      const std::string project = named.empty() ? project_name(wanted) : named;
      if (project.empty() || !may_build(project)) return installer_failed("uv", *outcome);
      if (named.empty()) {
        auto judged = judge(wanted, pip_of(uv));
        if (!judged) return judged;
        if (!is_plain_) return installer_failed("uv", *outcome);
      }
      built_.push_back(project);
    }
  }

  Result<void> with_pip() {
    for (;;) {
      auto outcome = process::run(pip_command(), environment_, bounds_);
      if (!outcome) return tl::unexpected(std::move(outcome.error()));
      if (outcome->exit_status == 0) return {};
      if (outcome->errors.find("No module named 'pip'") != std::string::npos)
        return fail(ErrorKind::io,
                    "Requirements are installed by uv or pip; there is no uv on the PATH, and " + python_ +
                        " has no pip. Install one of them.");
      const std::string wanted = between(outcome->errors, "No matching distribution found for ", "\n;( ");
      if (wanted.empty() || !may_build(project_name(wanted))) return installer_failed("pip", *outcome);
      if (auto judged = judge(wanted, pip_runner_); !judged) return judged;
      if (!is_plain_) return installer_failed("pip", *outcome);
      built_.push_back(project_name(wanted));
    }
  }

  bool may_build(const std::string& project) const {
    return built_.size() < source_builds_max &&
           std::find(built_.begin(), built_.end(), project) == built_.end();
  }

  // Sets is_plain_ where the project is to be built here. Error: there are wheels, but none that fits.
  // `other`: what runs Python with pip where python_ has none.
  Result<void> judge(const std::string& wanted, std::vector<std::string> other) {
    is_plain_ = false;
    auto outcome = process::run(report_command({python_}, wanted), environment_, bounds_);
    if (outcome && outcome->exit_status != 0 && !other.empty())
      outcome = process::run(report_command(std::move(other), wanted), environment_, bounds_);
    if (!outcome) return tl::unexpected(std::move(outcome.error()));
    const auto report = parse_wheel_report(outcome->output);
    if (!report || !report->known || (report->wheels == 0 && report->sources == 0)) return {};
    if (report->wheels > 0 || report->compiled)
      return fail(ErrorKind::invalid_argument, no_wheel(wanted, *report, platform_));
    is_plain_ = true;
    if (request_.progress)
      request_.progress(
          {Step::Kind::installing_package,
           "Building " + project_name(wanted) + ", which publishes plain Python sources and no wheel..."});
    return {};
  }

  std::vector<std::string> report_command(std::vector<std::string> command, const std::string& wanted) const {
    command.insert(command.end(), {pip_.string(), platform_.json(), "wheels"});
    command.insert(command.end(), index_options_.begin(), index_options_.end());
    command.push_back(wanted);
    return command;
  }

  std::vector<std::string> uv_command(const std::string& uv) const {
    std::vector<std::string> command = {uv, "pip", "install", "--target", installed_.string()};
    if (!request_.python.empty()) command.insert(command.end(), {"--python", python_});
    command.insert(command.end(),
                   {"--no-python-downloads", "--python-version", platform_.python, "--python-platform",
                    platform_.uv_name(), "--only-binary", ":all:", "--link-mode", "copy",
                    "--no-compile-bytecode", "--no-progress", "--color", "never"});
    for (const auto& project : built_) command.insert(command.end(), {"--no-binary", project});
    command.insert(command.end(), {"--requirement", requirements_.string()});
    return command;
  }

  std::vector<std::string> pip_command() const {
    std::vector<std::string> command = pip_runner_;
    command.insert(command.end(), {pip_.string(), platform_.json(), "install", "--target",
                                   installed_.string(), "--progress-bar", "off", "--no-compile",
                                   "--no-warn-script-location", "--only-binary=:all:"});
    for (const auto& project : built_) command.insert(command.end(), {"--no-binary", project});
    command.insert(command.end(), {"--requirement", requirements_.string()});
    return command;
  }

  const PythonPackageRequest& request_;
  Environment environment_;
  process::Bounds bounds_;
  LambdaPlatform platform_;
  fs::path installed_;
  fs::path requirements_;  // in plain form
  fs::path pip_;
  std::string python_;
  std::vector<std::string> pip_runner_;
  std::vector<std::string> index_options_;
  std::vector<std::string> built_;  // projects without wheels, built from their sources
  bool is_plain_ = false;           // what `judge` found
};

}  // namespace

Result<std::vector<ZipEntry>> install_requirements(const PythonPackageRequest& request,
                                                   const fs::path& work) {
  return Installation(request, work).run();
}

}  // namespace lambdapool::package

#include "cli/code.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/code_upload.hpp"
#include "cli/form.hpp"
#include "cli/interpreter.hpp"
#include "cli/progress.hpp"
#include "core/utf8.hpp"
#include "package/elf_file.hpp"
#include "package/executable_package.hpp"
#include "package/leftover.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

// An order without regard to leading underscores, as `ls` and `tree` have it.
std::string sort_key(const fs::path& path) {
  std::string name = path.filename().string();
  name.erase(0, std::min(name.find_first_not_of("_."), name.size()));
  return name;
}

// What create lists: each file given, and of each directory given the files and directories in it.
std::vector<std::string> copied_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    std::error_code ignored;
    std::vector<fs::path> inside;
    if (fs::is_directory(path, ignored)) {
      for (fs::directory_iterator it(path, ignored), end; !ignored && it != end; it.increment(ignored))
        if (!package::is_leftover(it->path())) inside.push_back(it->path());
      std::sort(inside.begin(), inside.end(),
                [](const auto& a, const auto& b) { return sort_key(a) < sort_key(b); });
    } else {
      inside.emplace_back(path);
    }
    for (const fs::path& entry : inside) {
      const std::string name = entry.filename().string();
      names.push_back(utf8::is_valid(name) ? name : utf8::escaped(name));
    }
  }
  return names;
}

// Turns the packages' own lines into the verb's transcript.
class Transcript {
 public:
  Transcript(const FunctionOptions& options, Verb verb) : verb_(verb), activity_("Copying") {
    say(verb == Verb::create ? "=== Copying all specified files and directories ==="
                             : "== Copying all specified files and directories ===");
    if (verb == Verb::create)
      for (const std::string& name : copied_names(options.paths)) say("Copying " + name + "...");
  }

  void hear(const std::string& line) {
    if (line.rfind("Copying ", 0) == 0) {
      if (verb_ == Verb::update) say(line);
      return;
    }
    if (line.rfind("Installing ", 0) == 0) copied();
    say(line);
    activity_.now(line.substr(0, line.find_last_not_of('.') + 1));
  }

  void copied() {
    if (!copied_) say("=== Copied all specified files and directories ===");
    copied_ = true;
  }

 private:
  Verb verb_;
  bool copied_ = false;
  Activity activity_;
};

std::vector<fs::path> beside(const FunctionOptions& options, const std::string& executable) {
  std::vector<fs::path> others;
  for (const std::string& path : options.paths)
    if (path != executable) others.emplace_back(path);
  return others;
}

}  // namespace

bool is_executable_code(const FunctionOptions& options) { return executable_of(options).has_value(); }

std::optional<std::string> executable_of(const FunctionOptions& options) {
  const auto& paths = options.paths;
  for (const std::string& path : paths) {
    const auto elf = package::is_elf(path) ? package::read_elf(path) : package::ElfFile{};
    if (elf && elf->kind == package::ElfFile::Kind::executable) return path;
  }
  // Nothing but libraries or objects: whoever gives them takes them for a program, and is told otherwise.
  if (!paths.empty() && std::all_of(paths.begin(), paths.end(), package::is_elf)) return paths.front();
  return std::nullopt;
}

Result<void> validate_code(const FunctionOptions& options) {
  static const std::regex python(R"(python3\.\d{1,2})");
  const bool executable = is_executable_code(options);
  if (executable && options.installs())
    return fail(ErrorKind::invalid_argument,
                "an executable brings its own libraries, so --requirements does not go with it.");
  if (executable && options.runtime && *options.runtime != "provided.al2023")
    return fail(ErrorKind::invalid_argument,
                "an executable runs on provided.al2023, not on '" + *options.runtime + "'.");
  if (!executable && options.runtime && !has_form(*options.runtime, python))
    return fail(ErrorKind::invalid_argument,
                "runtime '" + *options.runtime + "' is not one of Python's, such as python3.13.");
  static const std::regex known(R"(python3\.(9|1[0-5])|provided\.al2023)");
  if (options.runtime && !has_form(*options.runtime, known))
    return fail(ErrorKind::invalid_argument,
                "Lambda has no runtime '" + *options.runtime + "'; it has python3.9 to python3.15.");
  return {};
}

Result<std::string> python_runtime(const Context& context, const FunctionOptions& options) {
  if (options.runtime) return *options.runtime;
  return find_interpreter(context.environment, context.program).map([](const Interpreter& python) {
    return "python" + python.version;
  });
}

std::string this_machines_architecture() {
  utsname machine{};
  LAMBDAPOOL_CHECK(::uname(&machine) == 0);
  return std::string_view(machine.machine) == "aarch64" ? "arm64" : "x86_64";
}

package::PythonPackageRequest python_request(const Context& context, const FunctionOptions& options,
                                             const Platform& platform) {
  package::PythonPackageRequest request;
  request.paths.assign(options.paths.begin(), options.paths.end());
  request.allowed_secrets = options.allowed_secrets.value_or(std::vector<std::string>{});
  if (options.installs()) {
    request.requirements = *options.requirements;
    if (const auto python = find_interpreter(context.environment, context.program))
      request.python = python->executable;
  }
  request.python_version = platform.runtime.substr(std::string_view("python").size());
  request.architecture = platform.architecture;
  request.environment = context.environment;
  request.give_up = [&context] { return context.interruption.raised(); };
  return request;
}

Result<package::Package> build_code(const Context& context, const FunctionOptions& options,
                                    const Platform& platform, Verb verb) {
  Transcript transcript(options, verb);
  const package::Progress progress = [&](const std::string& line) { transcript.hear(line); };
  const std::string executable = executable_of(options).value_or("");
  auto built = [&] {
    if (is_executable_code(options))
      return package::build_executable_package(
          {.executable = executable,
           .beside = beside(options, executable),
           .allowed_secrets = options.allowed_secrets.value_or(std::vector<std::string>{}),
           .environment = context.environment,
           .progress = progress,
           .give_up = [&context] { return context.interruption.raised(); }});
    auto request = python_request(context, options, platform);
    request.progress = progress;
    return package::build_python_package(request);
  }();
  if (auto go_on = context.interruption.check("nothing was changed"); !go_on)
    return tl::unexpected(go_on.error());
  if (!built) return built;
  if (options.architecture && built->architecture != *options.architecture)
    return fail(ErrorKind::invalid_argument, "'" + executable + "' is made for " + built->architecture +
                                                 ", not for " + *options.architecture + ".");
  if (platform.local && built->architecture != this_machines_architecture())
    return fail(ErrorKind::invalid_argument, "'" + executable + "' is made for " + built->architecture +
                                                 ", but this machine, the local target, is " +
                                                 this_machines_architecture() + ".");
  if (auto fits = check_package(*built, platform.local, platform.bucket); !fits)
    return tl::unexpected(fits.error());
  transcript.copied();
  return built;
}

}  // namespace lambdapool::cli

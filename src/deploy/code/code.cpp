#include "deploy/code/code.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "deploy/code/code_upload.hpp"
#include "deploy/code/interpreter.hpp"
#include "deploy/form.hpp"
#include "deploy/function/response_mode.hpp"
#include "package/executable_package.hpp"
#include "package/source_digest.hpp"

namespace lambdapool::deploy {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> beside(const std::vector<std::string>& paths, const std::string& executable) {
  std::vector<fs::path> others;
  for (const std::string& path : paths)
    if (path != executable) others.emplace_back(path);
  return others;
}

package::Progress progress_of(const Session& session) {
  return [&session](const package::Step& step) {
    const auto kind = [&] {
      switch (step.kind) {
        case package::Step::Kind::copying:
          return Event::Kind::copying_path;
        case package::Step::Kind::note:
          return Event::Kind::copying_note;
        case package::Step::Kind::installing:
          return Event::Kind::installing;
        default:
          return Event::Kind::installing_package;
      }
    }();
    session.tell(kind, step.text);
  };
}

// FunctionRequest and LayerRequest alike.
template <class Request>
package::PythonPackageRequest python_request(const Session& session, const Request& request,
                                             const Platform& platform) {
  const Connection& connection = session.connection();
  package::PythonPackageRequest out;
  out.paths.assign(request.paths.begin(), request.paths.end());
  out.allowed_secrets = request.allowed_secrets.value_or(std::vector<std::string>{});
  if (request.requirements && !request.requirements->empty()) {
    out.requirements = *request.requirements;
    if (const auto python = find_interpreter(connection.environment(), connection.program()))
      out.python = python->executable;
  }
  out.python_version = platform.runtime.substr(std::string_view("python").size());
  out.architecture = platform.architecture;
  out.environment = connection.environment();
  out.progress = progress_of(session);
  out.give_up = [&session] { return session.stop().is_wanted(); };
  return out;
}

Result<package::Package> build_executable(const Session& session, const FunctionRequest& request,
                                          const Code& code) {
  return package::build_executable_package(
      {.executable = *code.executable,
       .elf = code.elf,
       .beside = beside(request.paths, *code.executable),
       .allowed_secrets = request.allowed_secrets.value_or(std::vector<std::string>{}),
       .environment = session.connection().environment(),
       .progress = progress_of(session),
       .give_up = [&session] { return session.stop().is_wanted(); }});
}

Result<void> check_architecture(const package::Package& built, const FunctionRequest& request,
                                const Code& code, const Platform& platform) {
  const std::string executable = code.executable.value_or("");
  if (request.architecture && built.architecture != *request.architecture)
    return fail(ErrorKind::invalid_argument, "'" + executable + "' is made for " + built.architecture +
                                                 ", not for " + *request.architecture + ".");
  if (!platform.is_limited && !platform.local && built.architecture != platform.architecture)
    return fail(ErrorKind::invalid_argument, "'" + executable + "' is made for " + built.architecture +
                                                 ", and Cloud Run runs " + platform.architecture + " alone.");
  if (platform.local && built.architecture != this_machines_architecture())
    return fail(ErrorKind::invalid_argument, "'" + executable + "' is made for " + built.architecture +
                                                 ", but this machine, the local target, is " +
                                                 this_machines_architecture() + ".");
  return {};
}

}  // namespace

Code code_of(const std::vector<std::string>& paths) {
  bool all_elf = !paths.empty();
  std::optional<package::ElfFile> first;
  for (const std::string& path : paths) {
    const bool is_elf = package::is_elf(path);
    all_elf = all_elf && is_elf;
    if (!is_elf) continue;
    auto elf = package::read_elf(path);
    if (elf && elf->kind == package::ElfFile::Kind::executable) return {path, std::move(*elf)};
    if (elf && &path == paths.data()) first = std::move(*elf);
  }
  // Nothing but libraries or objects: whoever gives them takes them for a program, and is told otherwise.
  if (all_elf) return {paths.front(), std::move(first)};
  return {};
}

Result<void> validate_code(const FunctionRequest& request, const Code& code, const FunctionLimits& limits) {
  static const std::regex python(R"(python3\.(\d{1,2}))");
  const bool executable = code.is_executable();
  if (executable && request.installs())
    return fail(ErrorKind::invalid_argument,
                "an executable brings its own libraries, so --requirements does not go with it.");
  if (executable && request.response_mode) return refuse_response_mode_of_executable();
  if (!request.runtime) return {};
  const std::string& runtime = *request.runtime;
  if (executable && runtime != limits.executables_runtime)
    return fail(ErrorKind::invalid_argument,
                "an executable runs on " + limits.executables_runtime + ", not on '" + runtime + "'.");
  std::smatch version;
  if (!executable && !has_form(runtime, version, python))
    return fail(ErrorKind::invalid_argument,
                "runtime '" + runtime + "' is not one of Python's, such as python3.13.");
  return executable ? Result<void>{} : check_runtime_of(limits, runtime);
}

Result<void> check_runtime_of(const FunctionLimits& limits, const std::string& runtime) {
  const auto dot = runtime.find('.');
  const int minor = dot == std::string::npos ? 0 : std::atoi(runtime.c_str() + dot + 1);
  if (minor >= limits.python_oldest && minor <= limits.python_newest) return {};
  return fail(ErrorKind::invalid_argument, limits.cloud + " has no runtime '" + runtime +
                                               "'; it has python3." + std::to_string(limits.python_oldest) +
                                               " to python3." + std::to_string(limits.python_newest) + ".");
}

Result<std::string> python_runtime(const Connection& connection, const std::optional<std::string>& asked) {
  if (asked) return *asked;
  return find_interpreter(connection.environment(), connection.program()).map([](const Interpreter& python) {
    return "python" + python.version;
  });
}

std::string this_machines_architecture() {
  utsname machine{};
  LAMBDAPOOL_CHECK(::uname(&machine) == 0);
  return std::string_view(machine.machine) == "aarch64" ? "arm64" : "x86_64";
}

Result<std::string> digest_of_code(const Connection& connection, const FunctionRequest& request,
                                   const Code& code) {
  if (code.is_executable()) return package::source_digest({request.paths.begin(), request.paths.end()});
  const auto runtime = python_runtime(connection, request.runtime);
  if (!runtime) return runtime;
  package::PythonPackageRequest python;
  python.paths.assign(request.paths.begin(), request.paths.end());
  if (request.installs()) python.requirements = *request.requirements;
  python.python_version = runtime->substr(std::string_view("python").size());
  python.architecture =
      request.architecture.value_or(connection.is_local() ? this_machines_architecture() : "x86_64");
  python.environment = connection.environment();
  return package::source_digest(python);
}

Result<package::Package> build_code(const Session& session, const FunctionRequest& request, const Code& code,
                                    const Platform& platform) {
  session.tell(Event::Kind::copying);
  auto built = code.is_executable()
                   ? build_executable(session, request, code)
                   : package::build_python_package(python_request(session, request, platform));
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  if (!built) return built;
  if (auto right = check_architecture(*built, request, code, platform); !right)
    return tl::unexpected(right.error());
  if (platform.is_limited)
    if (auto fits = check_package(*built, platform.local, platform.bucket); !fits)
      return tl::unexpected(fits.error());
  session.tell(Event::Kind::copied);
  return built;
}

Result<package::Package> build_layer(const Session& session, const LayerRequest& request,
                                     const Platform& platform) {
  session.tell(Event::Kind::copying);
  auto built = package::build_python_layer(python_request(session, request, platform));
  if (auto go_on = session.check_unchanged(); !go_on) return tl::unexpected(go_on.error());
  if (!built) return built;
  if (auto fits = check_package(*built, platform.local, platform.bucket); !fits)
    return tl::unexpected(fits.error());
  session.tell(Event::Kind::copied);
  return built;
}

}  // namespace lambdapool::deploy

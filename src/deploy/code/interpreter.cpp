#include "deploy/code/interpreter.hpp"

#include <unistd.h>

#include <optional>

#include "process/process.hpp"

namespace lambdapool::deploy {
namespace {

std::optional<std::filesystem::path> python_in(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const char* name : {"python3", "python"}) {
    const std::filesystem::path path = directory / name;
    if (std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

// The program as it was called: a bare name is looked up as the shell did.
std::optional<std::filesystem::path> called_as(const std::filesystem::path& program,
                                               const Environment& environment) {
  return program.has_parent_path() ? program : process::find_program(program.string(), environment);
}

std::optional<std::filesystem::path> choose(const Environment& environment,
                                            const std::filesystem::path& program) {
  if (const auto venv = environment.get("VIRTUAL_ENV"))
    if (const auto python = python_in(std::filesystem::path(*venv) / "bin")) return python;
  if (program.filename().string().starts_with("python")) return program;
  if (program.empty()) return process::find_program("python3", environment);
  if (const auto path = called_as(program, environment))
    if (const auto python = python_in(path->parent_path())) return python;
  return process::find_program("python3", environment);
}

}  // namespace

Result<Interpreter> find_interpreter(const Environment& environment, const std::filesystem::path& program) {
  const auto python = choose(environment, program);
  if (!python)
    return fail(
        ErrorKind::invalid_argument,
        "no Python was found (in $VIRTUAL_ENV, beside lambdapool, or as python3 on the PATH) to take the "
        "function's runtime from; name one with --runtime python3.N.");
  const auto ran = process::run(
      {python->string(), "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2], end='')"},
      environment);
  if (!ran || ran->exit_status != 0 || ran->output.rfind("3.", 0) != 0)
    return fail(ErrorKind::invalid_argument,
                "the Python at " + python->string() +
                    " did not tell its version; name the runtime with --runtime python3.N.");
  return Interpreter{*python, ran->output};
}

}  // namespace lambdapool::deploy

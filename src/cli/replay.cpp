// replay runs a task that a pool's keep_failed has kept, here and now, under a debugger where that is asked
// for.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/become.hpp"
#include "cli/verbs.hpp"
#include "deploy/code/interpreter.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

// The line of JSON that the file begins with.
Result<nlohmann::json> description_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::invalid_argument, "there is no file " + path + " that can be read");
  std::string line;
  std::getline(file, line);
  auto about = nlohmann::json::parse(line, nullptr, false);
  if (!about.is_object() || !about["language"].is_string() || !about["format"].is_number_integer())
    return fail(ErrorKind::invalid_argument, path + " is no task that keep_failed has kept");
  return about;
}

// The debugger, or (none) the program itself.
Result<void> become_debugged(const Context& context, const ReplayOptions& options, const std::string& program,
                             std::vector<std::string> arguments) {
  const auto environment = context.environment.all();
  arguments.insert(arguments.begin(), program);
  if (!options.gdb) return become(program, arguments, environment);
  arguments.insert(arguments.begin(), {"env", "gdb", "--args"});
  return become("/usr/bin/env", arguments, environment);
}

}  // namespace

Result<void> replay(const Context& context, const ReplayOptions& options) {
  const auto about = description_of(options.file);
  if (!about) return tl::unexpected(about.error());
  if ((*about)["language"] != "python")
    return fail(ErrorKind::invalid_argument, options.file + " was kept by another lambdapool");
  const auto python = deploy::find_interpreter(context.environment, context.program);
  if (!python) return tl::unexpected(python.error());
  std::vector<std::string> arguments{"-m", "lambdapool.replay", options.file};
  if (options.pdb) arguments.emplace_back("--pdb");
  return become_debugged(context, options, python->executable.string(), std::move(arguments));
}

}  // namespace lambdapool::cli

// replay runs a task that a pool's keep_failed has kept, here and now, under a debugger where that is asked
// for.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/become.hpp"
#include "cli/python_module.hpp"
#include "cli/verbs.hpp"
#include "process/process.hpp"

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
Result<void> become_debugged(const Context& context, const ReplayOptions& options,
                             std::vector<std::string> command) {
  const auto& environment = context.environment.all();
  if (!options.gdb) return become(command.front(), command, environment);
  const auto gdb = process::find_program("gdb", context.environment);
  if (!gdb) return fail(ErrorKind::invalid_argument, "--gdb needs gdb, which is not on the PATH");
  command.insert(command.begin(), {gdb->string(), "--args"});
  return become(gdb->string(), command, environment);
}

}  // namespace

Result<void> replay(const Context& context, const ReplayOptions& options) {
  const auto about = description_of(options.file);
  if (!about) return tl::unexpected(about.error());
  if ((*about)["language"] != "python")
    return fail(ErrorKind::invalid_argument, options.file + " was kept by another lambdapool");
  auto command = python_module(context, "lambdapool.replay");
  if (!command) return tl::unexpected(command.error());
  command->push_back(options.file);
  if (options.pdb) command->emplace_back("--pdb");
  return become_debugged(context, options, std::move(*command));
}

}  // namespace lambdapool::cli

// replay runs a task that a pool's keep_failed has kept, here and now, under a debugger where that is asked
// for.
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/become.hpp"
#include "cli/python_module.hpp"
#include "cli/verbs.hpp"
#include "core/named_fifo.hpp"
#include "process/process.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

// The line of JSON that the file begins with.
Result<nlohmann::json> description_of(const std::string& path) {
  auto file = open_to_read(path);
  if (!file.is_open())
    return fail(ErrorKind::invalid_argument, "there is no file " + path + " that can be read");
  std::string line;
  std::getline(file, line);
  auto about = nlohmann::json::parse(line, nullptr, false);
  if (!about.is_object() || !about["language"].is_string() || !about["format"].is_number_integer())
    return fail(ErrorKind::invalid_argument, path + " is no task that keep_failed has kept");
  return about;
}

// The debugger, or (none) the program itself.
Result<void> become_debugged(const Context& context, const ReplayOptions& options,
                             std::vector<std::string> command,
                             const std::map<std::string, std::string>& environment) {
  if (!options.gdb) return become(command.front(), command, environment);
  const auto gdb = process::find_program("gdb", context.environment);
  if (!gdb) return fail(ErrorKind::invalid_argument, "--gdb needs gdb, which is not on the PATH");
  command.insert(command.begin(), {gdb->string(), "--args"});
  return become(gdb->string(), command, environment);
}

// A C++ task runs in the program that sent it, which looks whether it is still that one.
Result<void> replay_program(const Context& context, const ReplayOptions& options,
                            const nlohmann::json& about) {
  const std::string program = about.value("program", "");
  if (options.pdb)
    return fail(ErrorKind::invalid_argument, "--pdb is for Python, and this is C++: use --gdb");
  if (options.deployed)
    return fail(ErrorKind::invalid_argument,
                "--deployed is for Python: a C++ task runs in the very program that was deployed");
  std::error_code error;
  if (!fs::is_regular_file(program, error))
    return fail(ErrorKind::invalid_argument, "the program that sent the task, " + program + ", is not there");
  auto environment = context.environment.all();
  environment["LAMBDAPOOL_REPLAY"] = fs::absolute(options.file).string();
  return become_debugged(context, options, {program}, environment);
}

}  // namespace

Result<void> replay(const Context& context, const ReplayOptions& options) {
  const auto about = description_of(options.file);
  if (!about) return tl::unexpected(about.error());
  if ((*about)["language"] == "cpp") return replay_program(context, options, *about);
  if ((*about)["language"] != "python")
    return fail(ErrorKind::invalid_argument, options.file + " was kept by another lambdapool");
  auto command = python_module(context, "lambdapool.replay");
  if (!command) return tl::unexpected(command.error());
  command->push_back(options.file);
  if (options.pdb) command->emplace_back("--pdb");
  if (options.deployed) command->emplace_back("--deployed");
  return become_debugged(context, options, std::move(*command), environment_of(context));
}

}  // namespace lambdapool::cli

// run deploys what a script or program needs, and then becomes it: its output, its signals, its exit code.
#include <filesystem>
#include <iostream>
#include <vector>

#include "cli/become.hpp"
#include "cli/python_module.hpp"
#include "cli/quantity.hpp"
#include "cli/verbs.hpp"
#include "deploy/code/code.hpp"
#include "deploy/deployment.hpp"

namespace lambdapool::cli {
namespace {

namespace fs = std::filesystem;

void add(std::vector<std::string>& arguments, const char* name, const std::optional<std::string>& value) {
  if (value) arguments.insert(arguments.end(), {name, *value});
}

void add(std::vector<std::string>& arguments, const char* name, const std::optional<int>& value) {
  if (value) arguments.insert(arguments.end(), {name, std::to_string(*value)});
}

// Reading Python is Python's own business: python/lambdapool/running.py.
Result<void> run_script(const Context& context, const RunOptions& options) {
  const auto module = python_module(context, "lambdapool.running");
  if (!module) return tl::unexpected(module.error());
  std::vector<std::string> arguments = *module;
  add(arguments, "--function", options.function);
  add(arguments, "--memory", options.memory_mb);
  add(arguments, "--timeout", options.timeout_s);
  add(arguments, "--requirements", options.requirements);
  for (const std::string& path : options.beside) add(arguments, "--with", path);
  arguments.insert(arguments.end(), options.command.begin(), options.command.end());
  return become(arguments.front(), arguments, environment_of(context));
}

// The name of a function that has none given: the program's, with what Lambda does not allow replaced.
std::string function_name_of(const std::string& program) {
  std::string name = fs::path(program).stem().string().substr(0, 64);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') c = '-';
  return name.empty() ? "program" : name;
}

Result<void> run_program(const Context& context, const RunOptions& options) {
  const std::string& program = options.command.front();
  deploy::FunctionRequest request;
  request.name = options.function.value_or(
      context.environment.get("LAMBDAPOOL_FUNCTION").value_or(function_name_of(program)));
  request.paths = {program};
  request.paths.insert(request.paths.end(), options.beside.begin(), options.beside.end());
  request.memory_mb = options.memory_mb;
  request.timeout_s = options.timeout_s;
  if (options.requirements)
    return fail(ErrorKind::invalid_argument,
                "an executable brings its own libraries, so --requirements does not go with it.");
  auto connection = context.connection();
  const auto deployed = deploy::ensure_deployed(connection, request, {}, {}, context.stop());
  if (!deployed) return tl::unexpected(deployed.error());
  if (deployed->has_uploaded())
    std::cerr << "lambdapool: deployed " << program << " (" << readable_size(deployed->size_bytes)
              << ") as version " << deployed->version << " of function " << request.name << "\n";
  auto environment = environment_of(context);
  // Whatever function the program names: what it has to call is itself.
  environment["LAMBDAPOOL_DEPLOYED"] = "*=" + request.name + ":" + deployed->version;
  return become(fs::absolute(program).string(), options.command, environment);
}

}  // namespace

Result<void> run(const Context& context, const RunOptions& options) {
  if (options.command.empty())
    return fail(ErrorKind::invalid_argument, "say what to run: lambdapool run script.py, or ./program");
  const std::string& what = options.command.front();
  if (what.size() > 1 && what.front() == '-')
    return fail(ErrorKind::invalid_argument, "No such option: " + what + "; try 'lambdapool run --help'");
  std::error_code error;
  if (!fs::is_regular_file(what, error))
    return fail(ErrorKind::invalid_argument, "there is no script or program " + what);
  return deploy::code_of({what}).is_executable() ? run_program(context, options)
                                                 : run_script(context, options);
}

}  // namespace lambdapool::cli

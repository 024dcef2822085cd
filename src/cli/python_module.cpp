#include "cli/python_module.hpp"

#include "deploy/code/interpreter.hpp"
#include "process/process.hpp"

namespace lambdapool::cli {

Result<std::vector<std::string>> python_module(const Context& context, const std::string& module) {
  const auto python = deploy::find_interpreter(context.environment, context.program);
  if (!python) return tl::unexpected(python.error());
  const std::string executable = python->executable.string();
  const auto looked =
      process::run({executable, "-c",
                    "import importlib.util, sys; sys.exit(importlib.util.find_spec('lambdapool') is None)"},
                   context.environment);
  if (!looked) return tl::unexpected(looked.error());
  if (looked->exit_status != 0)
    return fail(ErrorKind::invalid_argument,
                "the Python at " + executable +
                    " has no package lambdapool: activate the virtual environment that has it, or install it "
                    "with '" +
                    executable + " -m pip install lambdapool'");
  return std::vector<std::string>{executable, "-m", module};
}

std::map<std::string, std::string> environment_of(const Context& context) {
  auto environment = context.environment.all();
  if (context.options.target) environment["LAMBDAPOOL_TARGET"] = *context.options.target;
  const bool is_google = context.connection().is_google();
  if (context.options.region)
    environment[is_google ? "GOOGLE_CLOUD_REGION" : "AWS_REGION"] = *context.options.region;
  if (context.options.project) environment["GOOGLE_CLOUD_PROJECT"] = *context.options.project;
  if (context.options.profile) environment["AWS_PROFILE"] = *context.options.profile;
  return environment;
}

}  // namespace lambdapool::cli

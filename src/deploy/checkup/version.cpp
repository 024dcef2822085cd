#include "deploy/checkup/checkup.hpp"
#include "deploy/code/interpreter.hpp"

namespace lambdapool::deploy {
namespace {

using Level = Finding::Level;

std::string release(const std::string& version) {  // 0.10.3 and 0.10.1 understand each other
  const auto minor = version.find('.', version.find('.') + 1);
  return version.substr(0, minor);
}

}  // namespace

void check_maker(const std::string& function, const std::string& version, Findings& findings) {
  if (release(version) != release(LAMBDAPOOL_VERSION))
    findings.push_back({Level::problem, "made by",
                        "lambdapool " + version + ", and this is " LAMBDAPOOL_VERSION,
                        "`lambdapool update " + function + " PATHS`"});
  else
    findings.push_back({Level::ok, "made by", "lambdapool " + version});
}

void check_runtime(const Connection& connection, const Function& function, Findings& findings) {
  const std::string size = ", " + std::to_string(function.memory_mb) + " MB, timeout " +
                           std::to_string(function.timeout_s) + " s, " + function.architecture;
  if (!function.runtime.starts_with("python"))
    return findings.push_back({Level::ok, "runtime", function.runtime + size});
  const auto here = find_interpreter(connection.environment(), connection.program());
  if (!here)
    return findings.push_back(
        {Level::note, "runtime", function.runtime + size + "; " + here.error().message});
  if (function.runtime == "python" + here->version)
    return findings.push_back({Level::ok, "runtime", function.runtime + size + ", as the Python here"});
  findings.push_back({Level::note, "runtime",
                      function.runtime + size + ", and the Python here is " + here->version +
                          ": lambdas and functions of __main__ do not travel between versions",
                      "call it from " + function.runtime + ", or `lambdapool update " + function.name +
                          " --runtime python" + here->version + " PATHS`"});
}

}  // namespace lambdapool::deploy

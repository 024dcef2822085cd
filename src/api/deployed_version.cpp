#include "api/deployed_version.hpp"

#include <filesystem>
#include <iostream>
#include <system_error>

#include "deploy/deployment.hpp"

namespace lambdapool::api {
namespace {

// $LAMBDAPOOL_DEPLOYED, words of NAME:VERSION, or *=NAME:VERSION for whatever function is named.
std::string version_of_run(const std::string& function, const Environment& environment) {
  const std::string all = environment.get("LAMBDAPOOL_DEPLOYED").value_or("");
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find(' ', begin), all.size());
    const std::string word = all.substr(begin, end - begin);
    if (word.starts_with("*=")) return word.substr(2);
    if (word.starts_with(function + ":")) return word;
    begin = end + 1;
  }
  return function;
}

Result<std::string> deploy_self(const Options& options, const target::TargetOptions& target,
                                const Environment& environment) {
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  if (unreadable)
    return fail(ErrorKind::io,
                "cannot tell which file this program is, to deploy it: " + unreadable.message());
  deploy::FunctionRequest request;
  request.name = options.lambda_function;
  request.paths = {program.string()};
  request.memory_mb = options.memory_mb;
  if (!options.bucket.empty()) request.bucket = options.bucket;
  if (options.timeout) request.timeout_s = static_cast<int>(options.timeout->count());
  deploy::Connection connection(target, environment);
  const auto deployed = deploy::ensure_deployed(connection, request);
  if (!deployed) return tl::unexpected(deployed.error());
  if (deployed->has_uploaded())
    std::cerr << "lambdapool: deployed " << program.filename().string() << " ("
              << deployed->size_bytes / 1'000 << " kB) as version " << deployed->version << " of function "
              << request.name << "\n";
  return request.name + ":" + deployed->version;
}

}  // namespace

Result<std::string> called_function(const Options& options, const target::TargetOptions& target,
                                    const Environment& environment) {
  if (options.deploy == Deploy::self) return deploy_self(options, target, environment);
  if (options.memory_mb || options.timeout)
    return fail(
        ErrorKind::invalid_argument,
        "memory_mb and timeout are settings of what is deployed: they go with .deploy = lambdapool::self");
  return version_of_run(options.lambda_function, environment);
}

}  // namespace lambdapool::api

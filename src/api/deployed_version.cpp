#include "api/deployed_version.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
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

Result<std::string> deploy_self(const Options& options, std::optional<int> memory_mb,
                                deploy::Connection& connection) {
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  if (unreadable)
    return fail(ErrorKind::io,
                "cannot tell which file this program is, to deploy it: " + unreadable.message());
  deploy::FunctionRequest request;
  request.name = options.lambda_function;
  request.paths = {program.string()};
  request.memory_mb = memory_mb;
  if (!options.bucket.empty()) request.bucket = options.bucket;
  if (options.timeout) request.timeout_s = static_cast<int>(options.timeout->count());
  const auto deployed = deploy::ensure_deployed(connection, request);
  if (!deployed) return tl::unexpected(deployed.error());
  if (deployed->has_uploaded())
    std::cerr << "lambdapool: deployed " << program.filename().string() << " ("
              << deployed->size_bytes / 1'000 << " kB) as version " << deployed->version << " of function "
              << request.name << "\n";
  return request.name + ":" + deployed->version;
}

// The least last: what others call by the function's plain name has it.
Result<std::vector<std::string>> deploy_ladder(const Options& options, const target::TargetOptions& target,
                                               const Environment& environment) {
  const std::vector<int>& sizes = options.memory_mb.sizes();
  if (std::adjacent_find(sizes.begin(), sizes.end(), std::greater_equal()) != sizes.end())
    return fail(ErrorKind::invalid_argument, "memory_mb must be megabytes, or several of them that grow");
  deploy::Connection connection(target, environment);
  if (connection.is_google() && sizes.size() > 1)
    return fail(
        ErrorKind::invalid_argument,
        "several sizes of memory are versions that one pool calls, and on Cloud Run each has an address "
        "of its own: give one size, and run what has run out of memory in a pool with more");
  std::vector<std::string> versions(std::max<std::size_t>(sizes.size(), 1));
  for (std::size_t i = versions.size(); i-- > 0;) {
    auto version = deploy_self(options, sizes.empty() ? std::nullopt : std::optional(sizes[i]), connection);
    if (!version) return tl::unexpected(version.error());
    versions[i] = std::move(*version);
  }
  return versions;
}

}  // namespace

Result<std::vector<std::string>> called_functions(const Options& options, const target::TargetOptions& target,
                                                  const Environment& environment) {
  if (options.deploy == Deploy::self) return deploy_ladder(options, target, environment);
  if (!options.memory_mb.sizes().empty() || options.timeout)
    return fail(
        ErrorKind::invalid_argument,
        "memory_mb and timeout are settings of what is deployed: they go with .deploy = lambdapool::self");
  return std::vector{version_of_run(options.lambda_function, environment)};
}

}  // namespace lambdapool::api

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

// This program, as options say, but for the memory.
Result<deploy::FunctionRequest> own_request(const Options& options) {
  std::error_code unreadable;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", unreadable);
  if (unreadable)
    return fail(ErrorKind::io,
                "cannot tell which file this program is, to deploy it: " + unreadable.message());
  deploy::FunctionRequest request;
  request.name = options.lambda_function;
  request.paths = {program.string()};
  if (!options.bucket.empty()) request.bucket = options.bucket;
  if (options.timeout) request.timeout_s = static_cast<int>(options.timeout->count());
  return request;
}

// As it is called. Says what was uploaded.
std::string named(const deploy::FunctionRequest& request, const deploy::Deployment& deployed) {
  if (deployed.has_uploaded())
    std::cerr << "lambdapool: deployed " << std::filesystem::path(request.paths.front()).filename().string()
              << " (" << deployed.size_bytes / 1'000 << " kB) as version " << deployed.version
              << " of function " << request.name << "\n";
  return request.name + ":" + deployed.version;
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
  auto request = own_request(options);
  if (!request) return tl::unexpected(request.error());
  std::vector<std::string> versions(std::max<std::size_t>(sizes.size(), 1));
  for (std::size_t i = versions.size(); i-- > 0;) {
    if (!sizes.empty()) request->memory_mb = sizes[i];
    const auto deployed = deploy::ensure_deployed(connection, *request);
    if (!deployed) return tl::unexpected(deployed.error());
    versions[i] = named(*request, *deployed);
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

Result<std::map<int, std::string>> deployed_sizes(const Options& options, const target::TargetOptions& target,
                                                  const Environment& environment,
                                                  const std::vector<int>& sizes_mb) {
  if (options.deploy != Deploy::self)
    return fail(ErrorKind::invalid_argument,
                "tune() runs versions of the function with other sizes of memory: the pool must have .deploy "
                "= lambdapool::self");
  const auto request = own_request(options);
  if (!request) return tl::unexpected(request.error());
  deploy::Connection connection(target, environment);
  const auto deployed = deploy::ensure_sizes(connection, *request, sizes_mb);
  if (!deployed) return tl::unexpected(deployed.error());
  std::map<int, std::string> versions;
  for (const auto& [size, version] : *deployed) versions.emplace(size, named(*request, version));
  return versions;
}

}  // namespace lambdapool::api

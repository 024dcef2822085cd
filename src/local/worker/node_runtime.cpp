#include "local/worker/node_runtime.hpp"

#include "core/encoding.hpp"
#include "embedded/node_preamble.hpp"
#include "local/worker/programs.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

constexpr const char* client = "node_modules/aws-lambda-ric/bin/index.mjs";

// Where `npm install -g` of that node puts packages; Debian's puts them under /usr/local.
fs::path installed_client(const fs::path& node) {
  std::error_code error;
  const auto real = fs::canonical(node, error);
  for (const fs::path& prefix : {node.parent_path().parent_path(), real.parent_path().parent_path(),
                                 fs::path("/usr/local"), fs::path("/usr")}) {
    if (is_file(prefix / "lib" / client)) return prefix / "lib" / client;
  }
  return {};
}

fs::path find_client(const FunctionVersion& function, const fs::path& opt, const fs::path& node,
                     const WorkerSetting& setting) {
  if (is_file(function.code / client)) return fs::path(setting.task_root) / client;
  if (!opt.empty() && is_file(opt / "nodejs" / client)) return fs::path(setting.opt) / "nodejs" / client;
  return installed_client(node);
}

// "" where there is none.
fs::path find_node(const Environment& environment) {
  for (const auto& directory : search_path(environment)) {
    const auto node = directory / "node";
    if (node.is_absolute() && is_program(node)) return node;
  }
  return {};
}

}  // namespace

bool is_node(const FunctionVersion& function) { return function.runtime.starts_with("nodejs"); }

tl::expected<std::vector<std::string>, InvocationError> node_command(const FunctionVersion& function,
                                                                     const fs::path& opt,
                                                                     const Environment& environment,
                                                                     const WorkerSetting& setting) {
  const auto node = find_node(environment);
  if (node.empty())
    return tl::unexpected(InvocationError{
        "Runtime.InvalidRuntime",
        function.runtime +
            " runs by the Node.js of this machine, and there is no node on the PATH of lambdapool"});
  const auto found = find_client(function, opt, node, setting);
  if (found.empty())
    return tl::unexpected(InvocationError{
        "Runtime.InvalidRuntime",
        function.runtime +
            " runs by Lambda's runtime client for Node.js, which is neither in the function's package "
            "nor installed for " +
            node.string() + ": install it with npm install -g aws-lambda-ric"});
  return std::vector<std::string>{node.string(), "--import",
                                  "data:text/javascript," + percent_encode(embedded::node_preamble()),
                                  found.string()};
}

}  // namespace lambdapool::local

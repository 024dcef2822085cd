#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/quantity.hpp"
#include "cli/terminal/output_width.hpp"
#include "cli/terminal/table.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"
#include "deploy/functions.hpp"

namespace lambdapool::cli {
namespace {

using Clock = std::chrono::system_clock;
using Functions = std::vector<deploy::Function>;

std::string age(const deploy::Function& function, Clock::time_point now) {
  const auto at = parse_timestamp(function.last_modified);
  return at ? readable_age(std::chrono::duration_cast<std::chrono::seconds>(now - *at))
            : function.last_modified;
}

std::string layer_arns(const deploy::Function& function) {
  std::string text;
  for (const auto& layer : function.layers) text += (text.empty() ? "" : ",") + layer.arn;
  return text;
}

std::string table(const Functions& functions, bool with_layers, std::optional<std::size_t> width) {
  std::vector<Column> columns{{"FUNCTION NAME"},
                              {"SIZE"},
                              {"WHEN"},
                              {"RUNTIME MEMORY (MB)", Align::right},
                              {"TIMEOUT (SEC)", Align::right}};
  if (with_layers) columns.push_back({"LAYERS", Align::left, Place::below_when_narrow});
  std::vector<std::vector<std::string>> rows;
  const auto now = Clock::now();
  for (const auto& function : functions) {
    rows.push_back({function.name, readable_size(function.size_bytes), age(function, now),
                    std::to_string(function.memory_mb), std::to_string(function.timeout_s)});
    if (with_layers) rows.back().push_back(layer_arns(function));
  }
  return format_table(columns, rows, width);
}

std::string json_of(const Functions& functions) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& function : functions) {
    auto layers = nlohmann::ordered_json::array();
    for (const auto& layer : function.layers)
      layers.push_back({{"arn", layer.arn}, {"size_bytes", layer.size_bytes}});
    list.push_back({{"name", function.name},
                    {"arn", function.arn},
                    {"size_bytes", function.size_bytes},
                    {"last_modified", function.last_modified},
                    {"last_update_error", function.last_update_error},
                    {"memory_mb", function.memory_mb},
                    {"timeout_s", function.timeout_s},
                    {"runtime", function.runtime},
                    {"architecture", function.architecture},
                    {"layers", layers},
                    {"lambdapool_version", function.lambdapool_version}});
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// Where what is listed is not what was asked for last.
void tell_of_failed_updates(const Functions& functions) {
  for (const auto& function : functions)
    if (!function.last_update_error.empty())
      std::cerr << "Note: what was asked of " << function.name
                << " last did not come up, so it is as it was before; `lambdapool doctor " << function.name
                << "` says why.\n";
}

}  // namespace

Result<void> list_functions(const Context& context, const ListOptions& options) {
  auto connection = context.connection();
  const auto functions = deploy::list(connection, context.stop());
  if (!functions) return tl::unexpected(functions.error());
  std::cout << (options.json ? json_of(*functions)
                             : table(*functions, options.layers, output_width(context.environment)))
            << std::flush;
  if (!options.json) tell_of_failed_updates(*functions);
  return {};
}

}  // namespace lambdapool::cli

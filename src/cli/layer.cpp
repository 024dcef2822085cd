// layer publish, list and delete: layers of one's own, which create and update take by name.

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/quantity.hpp"
#include "cli/terminal/output_width.hpp"
#include "cli/terminal/progress.hpp"
#include "cli/terminal/table.hpp"
#include "cli/terminal/transcript.hpp"
#include "cli/verbs.hpp"
#include "core/timestamp.hpp"
#include "deploy/layers.hpp"

namespace lambdapool::cli {
namespace {

using Layers = std::vector<deploy::LayerVersion>;

std::string comma_separated(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

std::string table(const Layers& layers, std::optional<std::size_t> width) {
  std::vector<std::vector<std::string>> rows;
  const auto now = std::chrono::system_clock::now();
  for (const auto& layer : layers) {
    const auto at = parse_timestamp(layer.created);
    const auto age =
        at ? readable_age(std::chrono::duration_cast<std::chrono::seconds>(now - *at)) : layer.created;
    rows.push_back(
        {layer.name, std::to_string(layer.version), age, comma_separated(layer.runtimes), layer.arn});
  }
  return format_table({{"LAYER NAME"},
                       {"VERSION", Align::right},
                       {"WHEN"},
                       {"RUNTIMES"},
                       {"ARN", Align::left, Place::below_when_narrow}},
                      rows, width);
}

std::string json_of(const Layers& layers) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& layer : layers)
    list.push_back({{"name", layer.name},
                    {"version", layer.version},
                    {"arn", layer.arn},
                    {"description", layer.description},
                    {"created", layer.created},
                    {"runtimes", layer.runtimes},
                    {"architectures", layer.architectures}});
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<void> publish_layer(const Context& context, const LayerOptions& options) {
  auto connection = context.connection();
  Transcript transcript(Transcript::Verb::publish_layer, context.interruption, options.name);
  const auto published = deploy::publish_layer(connection, options, transcript.events(), context.stop());
  if (!published) return tl::unexpected(published.error());
  say("=== Published layer " + options.name + " version " + std::to_string(published->version) + " ===\n" +
      published->arn);
  return {};
}

Result<void> list_layers(const Context& context, const LayerOptions& options) {
  auto connection = context.connection();
  const auto layers = deploy::list_layers(connection, context.stop());
  if (!layers) return tl::unexpected(layers.error());
  std::cout << (options.json ? json_of(*layers) : table(*layers, output_width(context.environment)))
            << std::flush;
  return {};
}

Result<void> delete_layer(const Context& context, const LayerOptions& options) {
  auto connection = context.connection();
  Transcript transcript(Transcript::Verb::delete_layer, context.interruption, options.name);
  const auto gone = deploy::delete_layer(connection, options.name, transcript.events(), context.stop());
  return gone ? Result<void>{} : tl::unexpected(gone.error());
}

}  // namespace lambdapool::cli

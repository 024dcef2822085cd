#include "local/control/layers.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "local/control/code_source.hpp"
#include "local/control/layer_compatibility.hpp"
#include "local/control/request_body.hpp"
#include "local/store/layer_table.hpp"

namespace lambdapool::local {
namespace {

Json summary_json(Context& context, const LayerVersionRecord& record) {
  Json json{{"LayerVersionArn", layer_version_arn(context.region, record.layer, record.version)},
            {"Version", record.version},
            {"Description", record.description},
            {"CreatedDate", record.created}};
  if (!record.runtimes.empty()) json["CompatibleRuntimes"] = record.runtimes;
  if (!record.architectures.empty()) json["CompatibleArchitectures"] = record.architectures;
  if (!record.license.empty()) json["LicenseInfo"] = record.license;
  return json;
}

Json layer_json(Context& context, const LayerVersionRecord& record) {
  Json json;
  json["Content"] = {{"Location", context.location(record.code.sha256)},
                     {"CodeSha256", base64_of_sha256(record.code.sha256)},
                     {"CodeSize", record.code.size}};
  json["LayerArn"] = layer_arn(context.region, record.layer);
  json.update(summary_json(context, record));
  return json;
}

tl::unexpected<Refusal> no_such_layer() { return not_found("The resource you requested does not exist."); }

bool lists(const std::vector<std::string>& values, const std::string& wanted) {
  return wanted.empty() || std::find(values.begin(), values.end(), wanted) != values.end();
}

bool compatible(const LayerVersionRecord& record, Call call) {
  return lists(record.runtimes, call.query_value("CompatibleRuntime")) &&
         lists(record.architectures, call.query_value("CompatibleArchitecture"));
}

Answer get_by_arn(Context& context, Call call) {
  const auto arn = call.query_value("Arn");
  const auto wanted = parse_layer_version_arn(arn, context.region);
  if (!wanted) {
    return pattern_error(
        arn, "arn",
        "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:"
        "layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)");
  }
  const auto record = find_layer_version(context.database, wanted->name, wanted->version);
  if (!record) return no_such_layer();
  return json_response(200, layer_json(context, *record));
}

OrRefusal<CodeReference> put_content(Context& context, const Json& body) {
  const bool given = body.contains("Content") && body["Content"].is_object();
  return put_code_of(context, given ? body["Content"] : Json::object(), "layer content");
}

OrRefusal<void> check_layer_arn(const Context& context, const std::string& arn,
                                const std::vector<std::string>& all) {
  const auto region = layer_arn_region(arn);
  if (!region) {
    std::string listed;
    for (const auto& one : all) listed += (listed.empty() ? "" : ", ") + one;
    return validation_error(
        "[" + listed + "]", "layers",
        "Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must "
        "have "
        "length greater than or equal to 1, Member must satisfy regular expression pattern: "
        "(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:"
        "[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be "
        "null]");
  }
  if (*region == context.region) return {};
  return invalid_parameter(
      "Layers are not in the same region as the function. Layers are expected to be in region " +
      context.region + ".");
}

}  // namespace

OrRefusal<LayerTarget> layer_target(Context& context, Call call) {
  auto name = parse_layer_name(call.parameters[0], context.region);
  if (!name) return tl::unexpected(name.error());
  LayerTarget target{std::move(*name), 0};
  const auto& text = call.parameters[1];
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), target.version);
  if (error != std::errc{} || stop != text.data() + text.size() || target.version < 1) {
    return invalid_parameter("Layer Version Cannot be less than 1");
  }
  return target;
}

OrRefusal<std::vector<LayerUse>> find_layers(Context& context, const std::vector<std::string>& arns) {
  if (arns.size() > limits::layers_max) return invalid_parameter("Cannot reference more than 5 layers.");
  std::vector<LayerUse> layers;
  std::map<std::string, std::string> names;  // and the ARN that it was named by
  for (const auto& arn : arns) {
    if (auto valid = check_layer_arn(context, arn, arns); !valid) return tl::unexpected(valid.error());
    const auto wanted = parse_layer_version_arn(arn, context.region);
    const auto record =
        wanted ? find_layer_version(context.database, wanted->name, wanted->version) : std::nullopt;
    if (!record) return invalid_parameter("Layer version " + arn + " does not exist.");
    const auto [first, fresh] = names.emplace(wanted->name, arn);
    if (!fresh) {
      return invalid_parameter(
          "Two different versions of the same layer are not allowed to be referenced in the same function. " +
          first->second + " and " + arn + " are versions of the same layer.");
    }
    layers.push_back({arn, record->code});
  }
  return layers;
}

Answer publish_layer_version(Context& context, Call call, const Json& body) {
  auto name = parse_layer_name(call.parameters[0], context.region);
  if (!name) return tl::unexpected(name.error());
  auto described = read_layer_description(body);
  if (!described) return tl::unexpected(described.error());
  const auto hold = context.code.hold();
  context.code_released = true;  // of what is refused nothing is left
  auto code = put_content(context, body);
  if (!code) return tl::unexpected(code.error());
  if (code->unzipped >= limits::unzipped_bytes_max) {
    return invalid_parameter("Unzipped size must be smaller than " +
                             std::to_string(limits::unzipped_bytes_max) + " bytes");
  }

  Transaction transaction(context.database);
  LayerVersionRecord record{*name, take_layer_version_number(context.database, *name), std::move(*code)};
  record.description = std::move(described->description);
  record.license = std::move(described->license);
  record.runtimes = std::move(described->runtimes);
  record.architectures = std::move(described->architectures);
  record.created = iso_time(context.now_ms);
  put_layer_version(context.database, record);
  transaction.commit();
  auto json = layer_json(context, record);
  for (const char* member : {"CompatibleRuntimes", "CompatibleArchitectures"})
    if (!json.contains(member)) json[member] = Json::array();  // shown where the version is made alone
  return json_response(201, json);
}

Answer get_layer_version(Context& context, Call call) {
  auto target = layer_target(context, call);
  if (!target) return tl::unexpected(target.error());
  const auto record = find_layer_version(context.database, target->name, target->version);
  if (!record) return no_such_layer();
  return json_response(200, layer_json(context, *record));
}

// Marker: the last layer answered.
Answer list_layers(Context& context, Call call) {
  if (call.query_value("find") == "LayerVersion") return get_by_arn(context, call);
  if (auto valid = check_layer_query(call); !valid) return tl::unexpected(valid.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  Json json{{"Layers", Json::array()}};
  std::string last;
  for (const auto& name : layer_names(context.database, page->marker)) {
    const auto versions = layer_versions_of(context.database, name);
    const auto match =
        std::find_if(versions.begin(), versions.end(),
                     [call](const LayerVersionRecord& record) { return compatible(record, call); });
    if (match == versions.end()) continue;
    if (json["Layers"].size() == page->size) {
      json["NextMarker"] = last;
      break;
    }
    json["Layers"].push_back({{"LayerName", name},
                              {"LayerArn", layer_arn(context.region, name)},
                              {"LatestMatchingVersion", summary_json(context, *match)}});
    last = name;
  }
  return json_response(200, json);
}

// Newest first. Marker: the last version answered.
Answer list_layer_versions(Context& context, Call call) {
  auto name = parse_layer_name(call.parameters[0], context.region);
  if (!name) return tl::unexpected(name.error());
  if (auto valid = check_layer_query(call); !valid) return tl::unexpected(valid.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  const auto below = page->marker.empty() ? 0 : version_number(page->marker);
  Json json{{"LayerVersions", Json::array()}};
  std::string last;
  for (const auto& record : layer_versions_of(context.database, *name)) {
    if ((below > 0 && record.version >= below) || !compatible(record, call)) continue;
    if (json["LayerVersions"].size() == page->size) {
      json["NextMarker"] = last;
      break;
    }
    json["LayerVersions"].push_back(summary_json(context, record));
    last = std::to_string(record.version);
  }
  return json_response(200, json);
}

Answer delete_layer_version(Context& context, Call call) {
  auto target = layer_target(context, call);
  if (!target) return tl::unexpected(target.error());
  delete_layer_version_row(context.database, target->name, target->version);
  context.code_released = true;
  return no_content();
}

}  // namespace lambdapool::local

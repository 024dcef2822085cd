#include "local/control/function_config.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/encoding.hpp"

namespace lambdapool::local {
namespace {

Json stored_code(const CodeReference& code) {
  return {{"sha256", code.sha256}, {"size", code.size}, {"unzipped", code.unzipped}};
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

constexpr std::array<std::pair<Phase, std::string_view>, 5> phases{{{Phase::creating, "creating"},
                                                                    {Phase::updating, "updating"},
                                                                    {Phase::active, "active"},
                                                                    {Phase::failed, "failed"},
                                                                    {Phase::update_failed, "update_failed"}}};

// AWS answers LastUpdateStatusReasonCode "Creating" during an update, though its own enum lacks it.
void add_state(Json& json, const VersionRecord& record) {
  switch (record.phase) {
    case Phase::creating:
      json["State"] = "Pending";
      json["StateReason"] = "The function is being created.";
      json["StateReasonCode"] = "Creating";
      return;
    case Phase::failed:
      json["State"] = "Failed";
      json["StateReason"] = record.reason;
      json["StateReasonCode"] = "InternalError";
      json["LastUpdateStatus"] = "Failed";
      json["LastUpdateStatusReason"] = record.reason;
      json["LastUpdateStatusReasonCode"] = "InternalError";
      return;
    case Phase::updating:
      json["State"] = "Active";
      json["LastUpdateStatus"] = "InProgress";
      json["LastUpdateStatusReason"] = "The function is being created.";
      json["LastUpdateStatusReasonCode"] = "Creating";
      return;
    case Phase::update_failed:
      json["State"] = "Active";
      json["LastUpdateStatus"] = "Failed";
      json["LastUpdateStatusReason"] = record.reason;
      json["LastUpdateStatusReasonCode"] = "InternalError";
      return;
    case Phase::active:
      json["State"] = "Active";
      json["LastUpdateStatus"] = "Successful";
      return;
  }
}

// Only a whole number in the range; the library would convert anything to a number somehow.
template <class Number>
Number whole_number(const Json& value) {
  const bool fits = value.is_number_unsigned()  ? std::in_range<Number>(value.get<std::uint64_t>())
                    : value.is_number_integer() ? std::in_range<Number>(value.get<std::int64_t>())
                                                : false;
  if (!fits) throw Json::other_error::create(501, "not a number that fits", nullptr);
  return value.get<Number>();
}

FunctionConfig read_stored(const Json& json) {
  FunctionConfig config;
  json.at("runtime").get_to(config.runtime);
  json.at("role").get_to(config.role);
  json.at("handler").get_to(config.handler);
  json.at("description").get_to(config.description);
  if (json.contains("source_description"))
    config.source_description = json.at("source_description").get<std::string>();
  config.timeout_s = whole_number<int>(json.at("timeout_s"));
  config.memory_mb = whole_number<int>(json.at("memory_mb"));
  config.ephemeral_mb = whole_number<int>(json.at("ephemeral_mb"));
  json.at("architecture").get_to(config.architecture);
  json.at("log_group").get_to(config.log_group);
  json.at("last_modified").get_to(config.last_modified);
  config.code = code_from(json.at("code"));
  if (json.contains("environment"))
    config.environment = json["environment"].get<std::map<std::string, std::string>>();
  if (json.contains("log_levels")) {
    json["log_levels"].at("application").get_to(config.application_level);
    json["log_levels"].at("system").get_to(config.system_level);
  }
  if (json.contains("kept")) {
    for (const auto& [name, value] : json["kept"].items()) config.kept[name] = value.dump();
  }
  if (json.contains("vpc")) {
    config.vpc.emplace();
    json["vpc"].at("subnets").get_to(config.vpc->subnets);
    json["vpc"].at("security_groups").get_to(config.vpc->security_groups);
    json["vpc"].at("ipv6").get_to(config.vpc->ipv6);
  }
  for (const auto& layer : json.at("layers")) {
    config.layers.push_back({layer.at("arn").get<std::string>(), code_from(layer.at("code"))});
  }
  return config;
}

}  // namespace

std::string to_stored(const FunctionConfig& config) {
  Json json{{"runtime", config.runtime},
            {"role", config.role},
            {"handler", config.handler},
            {"description", config.description},
            {"timeout_s", config.timeout_s},
            {"memory_mb", config.memory_mb},
            {"ephemeral_mb", config.ephemeral_mb},
            {"architecture", config.architecture},
            {"log_group", config.log_group},
            {"code", stored_code(config.code)},
            {"last_modified", config.last_modified},
            {"layers", Json::array()}};
  if (config.source_description) json["source_description"] = *config.source_description;
  if (config.environment) json["environment"] = *config.environment;
  if (!config.application_level.empty())
    json["log_levels"] = {{"application", config.application_level}, {"system", config.system_level}};
  for (const auto& [name, value] : config.kept) json["kept"][name] = Json::parse(value);
  if (config.vpc) {
    json["vpc"] = {{"subnets", config.vpc->subnets},
                   {"security_groups", config.vpc->security_groups},
                   {"ipv6", config.vpc->ipv6}};
  }
  for (const auto& layer : config.layers) {
    json["layers"].push_back({{"arn", layer.arn}, {"code", stored_code(layer.code)}});
  }
  return json.dump();
}

std::optional<FunctionConfig> from_stored(const std::string& text) {
  try {
    return read_stored(Json::parse(text));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

std::vector<std::string> settings_without_effect(const FunctionConfig& config) {
  std::vector<std::string> names;
  for (const auto& [name, value] : config.kept) names.push_back(name);
  if (config.vpc && !config.vpc->subnets.empty()) names.push_back("VpcConfig");
  return names;
}

CodeReference code_from(const Json& json) {
  CodeReference code{json.at("sha256").get<std::string>(), whole_number<std::int64_t>(json.at("size")),
                     whole_number<std::int64_t>(json.at("unzipped"))};
  if (!is_sha256(code.sha256)) throw Json::other_error::create(501, "not a SHA-256", nullptr);
  return code;
}

std::string_view to_string(Phase phase) { return phases[static_cast<std::size_t>(phase)].second; }

Phase phase_from(std::string_view text) {
  for (const auto& [phase, name] : phases) {
    if (name == text) return phase;
  }
  return Phase::failed;
}

Json logging_json(const FunctionConfig& config) {
  if (config.application_level.empty()) return {{"LogFormat", "Text"}, {"LogGroup", config.log_group}};
  return {{"LogFormat", "JSON"},
          {"ApplicationLogLevel", config.application_level},
          {"SystemLogLevel", config.system_level},
          {"LogGroup", config.log_group}};
}

// AWS's form; the version is this machine's, whose runtimes have no numbers.
std::string runtime_version_arn(const FunctionConfig& config, const std::string& function_arn) {
  const auto region = function_arn.substr(0, function_arn.find(':', sizeof "arn:aws:lambda:" - 1));
  return region + "::runtime:" + sha256_hex(config.runtime);
}

Json configuration_json(const VersionRecord& record, const std::string& arn, Show show) {
  const auto& config = record.config;
  Json json{{"FunctionName", record.function},
            {"FunctionArn", arn},
            {"Runtime", config.runtime},
            {"Role", config.role},
            {"Handler", config.handler},
            {"CodeSize", config.code.size},
            {"Description", config.description},
            {"Timeout", config.timeout_s},
            {"MemorySize", config.memory_mb},
            {"LastModified", config.last_modified},
            {"CodeSha256", base64_of_sha256(config.code.sha256)},
            {"Version", record.version}};
  if (config.environment) json["Environment"] = {{"Variables", *config.environment}};
  json["TracingConfig"] = {{"Mode", "PassThrough"}};
  json["RevisionId"] = record.revision;
  if (!config.layers.empty()) {
    json["Layers"] = Json::array();
    for (const auto& layer : config.layers) {
      json["Layers"].push_back({{"Arn", layer.arn}, {"CodeSize", layer.code.size}});
    }
  }
  if (show == Show::everything) add_state(json, record);
  json["PackageType"] = "Zip";
  json["Architectures"] = {config.architecture};
  json["EphemeralStorage"] = {{"Size", config.ephemeral_mb}};
  json["SnapStart"] = {{"ApplyOn", "None"}};
  json["LoggingConfig"] = logging_json(config);
  for (const auto& [name, value] : config.kept) json[name] = Json::parse(value);
  const bool frozen = json["SnapStart"]["ApplyOn"] == "PublishedVersions" && record.version != "$LATEST";
  json["SnapStart"]["OptimizationStatus"] = frozen ? "On" : "Off";
  if (show == Show::everything)
    json["RuntimeVersionConfig"] = {{"RuntimeVersionArn", runtime_version_arn(config, arn)}};
  if (config.vpc) {
    json["VpcConfig"] = {{"SubnetIds", config.vpc->subnets},
                         {"SecurityGroupIds", config.vpc->security_groups},
                         {"VpcId", config.vpc->subnets.empty() ? "" : "vpc-local"},
                         {"Ipv6AllowedForDualStack", config.vpc->ipv6}};
  }
  return json;
}

std::string base64_of_sha256(const std::string& hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  return base64_encode(bytes);
}

std::string iso_time(std::int64_t epoch_ms) {
  const std::time_t seconds = epoch_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  const auto length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03d+0000", static_cast<int>(epoch_ms % 1000));
  return std::string(date, length) + fraction;
}

}  // namespace lambdapool::local

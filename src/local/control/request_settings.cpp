#include "local/control/request_settings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/control/arn.hpp"
#include "local/control/request_body.hpp"

namespace lambdapool::local {
namespace {

bool is_log_group(std::string text) {
  std::erase_if(text, [](char c) { return std::string_view("./#").find(c) != std::string_view::npos; });
  return text.empty() || is_name(text);
}

OrRefusal<void> read_choice(const Json& from, const char* member, const std::string& path,
                            const std::vector<std::string_view>& choices, std::string& to,
                            Violations& violations) {
  auto text = read_string(from, member);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return {};
  if (std::find(choices.begin(), choices.end(), **text) == choices.end()) {
    std::string listed;
    for (const auto choice : choices) listed.append(listed.empty() ? "" : ", ").append(choice);
    violations.push_back({**text, path, "Member must satisfy enum value set: [" + listed + "]"});
  }
  to = **text;
  return {};
}

// What is not given stays as it was. The levels are those of JSON logs, and gone with them.
OrRefusal<void> apply_log_format(const Json& logging, FunctionConfig& config, Violations& violations) {
  std::string format = config.application_level.empty() ? "Text" : "JSON";
  std::string application;
  std::string system;
  if (auto read =
          read_choice(logging, "LogFormat", "loggingConfig.logFormat", {"JSON", "Text"}, format, violations);
      !read)
    return read;
  if (auto read = read_choice(logging, "ApplicationLogLevel", "loggingConfig.applicationLogLevel",
                              {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}, application, violations);
      !read)
    return read;
  if (auto read = read_choice(logging, "SystemLogLevel", "loggingConfig.systemLogLevel",
                              {"DEBUG", "INFO", "WARN"}, system, violations);
      !read)
    return read;
  if (format == "Text") {
    if (!application.empty() || !system.empty())
      return invalid_parameter(
          "Log Level is not supported for Text log format. Use JSON log format instead.");
    config.application_level.clear();
    config.system_level.clear();
    return {};
  }
  const auto chosen = [](const std::string& given, const std::string& before) {
    return !given.empty() ? given : before.empty() ? std::string("INFO") : before;
  };
  config.application_level = chosen(application, config.application_level);
  config.system_level = chosen(system, config.system_level);
  return {};
}

}  // namespace

OrRefusal<void> apply_logging(const Json& body, FunctionConfig& config, Violations& violations) {
  const auto logging = body.find("LoggingConfig");
  if (logging == body.end() || !logging->is_object()) return {};
  if (auto format = apply_log_format(*logging, config, violations); !format) return format;
  auto group = read_string(*logging, "LogGroup");
  if (!group) return tl::unexpected(group.error());
  if (!*group) return {};
  if ((*group)->empty() || (*group)->size() > 512 || !is_log_group(**group)) {
    violations.push_back(pattern_violation(**group, "loggingConfig.logGroup", "[\\.\\-_/#A-Za-z0-9]+"));
  }
  config.log_group = **group;
  return {};
}

namespace {

OrRefusal<const Json*> read_object(const Json& body, const char* member) {
  const auto found = body.find(member);
  if (found == body.end() || found->is_null()) return nullptr;
  if (!found->is_object())
    return refuse(400, "SerializationException", "'" + std::string(member) + "' must be an object");
  return &*found;
}

// `begin`, and then digits and letters; the latter small ones where `pattern` says so.
void check_ids(const std::vector<std::string>& ids, const std::string& begin, const std::string& pattern,
               const char* member, Violations& violations) {
  const bool capitals = pattern.find("A-Z") != std::string::npos;
  const auto is_id = [&begin, capitals](const std::string& id) {
    return id.size() <= 1'024 && id.starts_with(begin) &&
           std::all_of(id.begin() + static_cast<std::ptrdiff_t>(begin.size()), id.end(), [capitals](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (capitals && c >= 'A' && c <= 'Z');
           });
  };
  if (std::all_of(ids.begin(), ids.end(), is_id)) return;
  std::string listed;
  for (const auto& id : ids) listed.append(listed.empty() ? "" : ", ").append(id);
  violations.push_back(
      {"[" + listed + "]", member,
       "Member must satisfy constraint: [Member must have length less than or equal to 1024, "
       "Member must have length greater than or equal to 0, Member must satisfy regular "
       "expression pattern: " +
           begin + pattern + "]"});
}

// A structure with one choice, of which the first is the default.
OrRefusal<void> keep_choice(const Json& body, const char* name, const char* member, const std::string& path,
                            const std::vector<std::string_view>& choices, const std::string& usual,
                            FunctionConfig& config, Violations& violations) {
  auto given = read_object(body, name);
  if (!given) return tl::unexpected(given.error());
  if (*given == nullptr) return {};
  std::string chosen;
  if (auto read = read_choice(**given, member, path, choices, chosen, violations); !read) return read;
  if (chosen.empty()) return {};
  config.kept.erase(name);
  if (chosen != usual) config.kept[name] = Json{{member, chosen}}.dump();
  return {};
}

bool is_arn_or_nothing(const std::string& text) { return text.empty() || text.starts_with("arn:aws"); }

OrRefusal<void> keep_dead_letters(const Json& body, FunctionConfig& config, Violations& violations) {
  auto given = read_object(body, "DeadLetterConfig");
  if (!given) return tl::unexpected(given.error());
  if (*given == nullptr) return {};
  auto arn = read_string(**given, "TargetArn");
  if (!arn) return tl::unexpected(arn.error());
  const std::string target = arn->value_or("");
  if (!is_arn_or_nothing(target))
    violations.push_back(
        pattern_violation(target, "deadLetterConfig.targetArn", "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"));
  config.kept.erase("DeadLetterConfig");
  if (!target.empty()) config.kept["DeadLetterConfig"] = Json{{"TargetArn", target}}.dump();
  return {};
}

OrRefusal<void> keep_key(const Json& body, FunctionConfig& config, Violations& violations) {
  auto arn = read_string(body, "KMSKeyArn");
  if (!arn) return tl::unexpected(arn.error());
  if (!*arn) return {};
  if (!is_arn_or_nothing(**arn))
    violations.push_back(pattern_violation(**arn, "kMSKeyArn", "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()"));
  config.kept.erase("KMSKeyArn");
  if (!(*arn)->empty()) config.kept["KMSKeyArn"] = Json(**arn).dump();
  return {};
}

OrRefusal<void> keep_file_systems(const Json& body, FunctionConfig& config, Violations& violations) {
  const auto given = body.find("FileSystemConfigs");
  if (given == body.end() || given->is_null()) return {};
  if (!given->is_array()) return refuse(400, "SerializationException", "'FileSystemConfigs' must be a list");
  Json kept = Json::array();
  for (const auto& one : *given) {
    if (!one.is_object()) return refuse(400, "SerializationException", "'FileSystemConfigs' holds objects");
    auto arn = require_string(one, "Arn");
    if (!arn) return tl::unexpected(arn.error());
    auto path = require_string(one, "LocalMountPath");
    if (!path) return tl::unexpected(path.error());
    if (!path->starts_with("/mnt/") || path->size() > 160 || !is_log_group(path->substr(5)))
      violations.push_back(
          pattern_violation(*path, "fileSystemConfigs.1.member.localMountPath", "^/mnt/[a-zA-Z0-9-_.]+$"));
    kept.push_back({{"Arn", *arn}, {"LocalMountPath", *path}});
  }
  if (kept.size() > 1) return invalid_parameter("A function has at most one file system.");
  config.kept.erase("FileSystemConfigs");
  if (!kept.empty()) config.kept["FileSystemConfigs"] = kept.dump();
  return {};
}

}  // namespace

OrRefusal<void> apply_kept(const Json& body, FunctionConfig& config, Violations& violations) {
  if (auto kept = keep_choice(body, "TracingConfig", "Mode", "tracingConfig.mode", {"Active", "PassThrough"},
                              "PassThrough", config, violations);
      !kept)
    return kept;
  if (auto kept = keep_choice(body, "SnapStart", "ApplyOn", "snapStart.applyOn",
                              {"PublishedVersions", "None"}, "None", config, violations);
      !kept)
    return kept;
  for (auto* step : {keep_dead_letters, keep_key, keep_file_systems}) {
    if (auto done = step(body, config, violations); !done) return done;
  }
  if (config.kept.contains("SnapStart") && config.runtime.starts_with("provided"))
    return invalid_parameter(config.runtime + " is not supported for SnapStart enabled functions.");
  return {};
}

OrRefusal<void> apply_vpc(const Json& body, FunctionConfig& config, Violations& violations) {
  const auto vpc = body.find("VpcConfig");
  if (vpc == body.end() || vpc->is_null()) return {};
  if (!vpc->is_object()) return refuse(400, "SerializationException", "'VpcConfig' must be an object");
  auto subnets = read_strings(*vpc, "SubnetIds");
  auto groups = read_strings(*vpc, "SecurityGroupIds");
  auto ipv6 = read_boolean(*vpc, "Ipv6AllowedForDualStack");
  if (!subnets) return tl::unexpected(subnets.error());
  if (!groups) return tl::unexpected(groups.error());
  if (!ipv6) return tl::unexpected(ipv6.error());
  const bool before = config.vpc.has_value();
  VpcSetting setting = config.vpc.value_or(VpcSetting{});
  if (*subnets) setting.subnets = **subnets;
  if (*groups) setting.security_groups = **groups;
  setting.ipv6 = ipv6->value_or(setting.ipv6);
  check_ids(setting.subnets, "subnet-", "[0-9a-z]*", "vpcConfig.subnetIds", violations);
  check_ids(setting.security_groups, "sg-", "[0-9a-zA-Z]*", "vpcConfig.securityGroupIds", violations);
  if (setting.subnets.size() > 16 || setting.security_groups.size() > 5)
    return invalid_parameter("VpcConfig takes at most 16 subnets and 5 security groups.");
  if (before || !setting.subnets.empty() || !setting.security_groups.empty()) config.vpc = std::move(setting);
  return {};
}

}  // namespace lambdapool::local

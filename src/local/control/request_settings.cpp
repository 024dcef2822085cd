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
                            const std::vector<std::string_view>& choices, std::string& to) {
  auto text = read_string(from, member);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return {};
  if (std::find(choices.begin(), choices.end(), **text) == choices.end()) {
    std::string listed;
    for (const auto choice : choices) listed.append(listed.empty() ? "" : ", ").append(choice);
    return validation_error(**text, path, "Member must satisfy enum value set: [" + listed + "]");
  }
  to = **text;
  return {};
}

// What is not given stays as it was. The levels are those of JSON logs, and gone with them.
OrRefusal<void> apply_log_format(const Json& logging, FunctionConfig& config) {
  std::string format = config.application_level.empty() ? "Text" : "JSON";
  std::string application;
  std::string system;
  if (auto read = read_choice(logging, "LogFormat", "loggingConfig.logFormat", {"JSON", "Text"}, format);
      !read)
    return read;
  if (auto read = read_choice(logging, "ApplicationLogLevel", "loggingConfig.applicationLogLevel",
                              {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}, application);
      !read)
    return read;
  if (auto read = read_choice(logging, "SystemLogLevel", "loggingConfig.systemLogLevel",
                              {"DEBUG", "INFO", "WARN"}, system);
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

OrRefusal<void> apply_logging(const Json& body, FunctionConfig& config) {
  const auto logging = body.find("LoggingConfig");
  if (logging == body.end() || !logging->is_object()) return {};
  if (auto format = apply_log_format(*logging, config); !format) return format;
  auto group = read_string(*logging, "LogGroup");
  if (!group) return tl::unexpected(group.error());
  if (!*group) return {};
  if ((*group)->empty() || (*group)->size() > 512 || !is_log_group(**group)) {
    return pattern_error(**group, "loggingConfig.logGroup", "[\\.\\-_/#A-Za-z0-9]+");
  }
  config.log_group = **group;
  return {};
}

OrRefusal<void> apply_vpc(const Json& body, FunctionConfig& config) {
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
  if (setting.subnets.size() > 16 || setting.security_groups.size() > 5)
    return invalid_parameter("VpcConfig takes at most 16 subnets and 5 security groups.");
  if (before || !setting.subnets.empty() || !setting.security_groups.empty()) config.vpc = std::move(setting);
  return {};
}

}  // namespace lambdapool::local

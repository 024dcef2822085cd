#include "local/control/kept_settings.hpp"

#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/setting_table.hpp"

namespace lambdapool::local {
namespace {

Json runtime_management_json(const Target& target, Json content) {
  content["FunctionArn"] = target.arn;
  return content;
}

OrRefusal<std::string> require_choice(const Json& body, const char* member, const std::string& path,
                                      std::string_view first, std::string_view second,
                                      std::string_view third) {
  auto text = require_string(body, member);
  if (!text || *text == first || *text == second || (!third.empty() && *text == third)) return text;
  std::string listed(first);
  listed.append(", ").append(second);
  if (!third.empty()) listed.append(", ").append(third);
  return validation_error(*text, path, "Member must satisfy enum value set: [" + listed + "]");
}

}  // namespace

Answer get_runtime_management(Context& context, Call call) {
  auto target = find_target(context, call);
  if (!target) return tl::unexpected(target.error());
  auto content = find_setting(context.database, Setting::runtime_management, target->function.name,
                              target->version.version);
  return json_response(200,
                       runtime_management_json(*target, content.value_or(Json{{"UpdateRuntimeOn", "Auto"}})));
}

Answer put_runtime_management(Context& context, Call call, const Json& body) {
  auto target = find_target(context, call);
  if (!target) return tl::unexpected(target.error());
  auto when = require_choice(body, "UpdateRuntimeOn", "updateRuntimeOn", "Auto", "Manual", "FunctionUpdate");
  if (!when) return tl::unexpected(when.error());
  auto version = read_string(body, "RuntimeVersionArn");
  if (!version) return tl::unexpected(version.error());
  if (*when == "Manual" && !*version)
    return invalid_parameter("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.");
  if (*when != "Manual" && *version)
    return invalid_parameter("RuntimeVersionArn can be given only when UpdateRuntimeOn is Manual.");
  Json content{{"UpdateRuntimeOn", *when}};
  if (*version) content["RuntimeVersionArn"] = **version;
  put_setting(context.database, Setting::runtime_management,
              {target->function.name, target->version.version, content});
  return json_response(200, runtime_management_json(*target, content));
}

Answer get_recursion(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto content = find_setting(context.database, Setting::recursion, target->function.name, "");
  return json_response(200, content.value_or(Json{{"RecursiveLoop", "Terminate"}}));
}

Answer put_recursion(Context& context, Call call, const Json& body) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto what = require_choice(body, "RecursiveLoop", "recursiveLoop", "Terminate", "Allow", "");
  if (!what) return tl::unexpected(what.error());
  const Json content{{"RecursiveLoop", *what}};
  put_setting(context.database, Setting::recursion, {target->function.name, "", content});
  return json_response(200, content);
}

}  // namespace lambdapool::local

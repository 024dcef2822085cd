#include "local/control/function_urls.hpp"

#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"
#include "local/store/uuid.hpp"
#include "local/url/config.hpp"

namespace lambdapool::local {
namespace {

OrRefusal<FunctionReference> read_reference(Context& context, Call call) {
  auto reference =
      parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"));
  if (!reference || reference->qualifier.empty()) return reference;
  if (version_number(reference->qualifier) >= 0)
    return pattern_error(reference->qualifier, "qualifier", "((?!^\\d+$)^[0-9a-zA-Z-_]+$)");
  return reference;
}

bool exists(Context& context, const FunctionReference& reference) {
  return find_function(context.database, reference.name) &&
         (reference.qualifier.empty() || find_alias(context.database, reference.name, reference.qualifier));
}

std::optional<Json> find_url(Context& context, const FunctionReference& reference) {
  return find_setting(context.database, Setting::url, reference.name, reference.qualifier);
}

tl::unexpected<Refusal> no_url() { return not_found("The resource you requested does not exist."); }

// 2026-11-22T19:00:00.000Z
std::string url_time(std::int64_t epoch_ms) {
  const auto time = iso_time(epoch_ms);
  return time.substr(0, time.find('+')) + "Z";
}

enum class With { creation, both_times };
enum class Defaults { hidden, shown };  // what makes or changes a URL shows what was given alone

Json shown(Context& context, const FunctionReference& reference, const Json& content, With times,
           Defaults defaults = Defaults::hidden) {
  Json json{{"FunctionUrl", context.function_url(content.value("Id", ""))},
            {"FunctionArn", function_arn(context.region, reference.name, reference.qualifier)},
            {"AuthType", content["AuthType"]}};
  if (content.contains("Cors")) json["Cors"] = content["Cors"];
  json["CreationTime"] = content["CreationTime"];
  if (times == With::both_times) json["LastModifiedTime"] = content["LastModifiedTime"];
  if (defaults == Defaults::shown || content.contains("InvokeMode"))
    json["InvokeMode"] = content.value("InvokeMode", "BUFFERED");
  return json;
}

// AuthType, InvokeMode and Cors, where they are given.
OrRefusal<void> apply(const Json& body, Json& content) {
  auto auth = read_string(body, "AuthType");
  if (!auth) return tl::unexpected(auth.error());
  if (*auth && **auth != "NONE" && **auth != "AWS_IAM")
    return validation_error(**auth, "authType", "Member must satisfy enum value set: [NONE, AWS_IAM]");
  if (*auth) content["AuthType"] = **auth;
  auto mode = read_string(body, "InvokeMode");
  if (!mode) return tl::unexpected(mode.error());
  if (*mode && **mode != "BUFFERED" && **mode != "RESPONSE_STREAM")
    return validation_error(**mode, "invokeMode",
                            "Member must satisfy enum value set: [RESPONSE_STREAM, BUFFERED]");
  if (*mode) content["InvokeMode"] = **mode;
  auto cors = read_cors(body);
  if (!cors) return tl::unexpected(cors.error());
  if (cors->is_null()) return {};
  content.erase("Cors");
  if (!cors->empty()) content["Cors"] = std::move(*cors);
  return {};
}

OrRefusal<Json> put(Context& context, const FunctionReference& reference, const Json& body, Json content) {
  if (auto applied = apply(body, content); !applied) return tl::unexpected(applied.error());
  content["LastModifiedTime"] = url_time(context.now_ms);
  put_setting(context.database, Setting::url, {reference.name, reference.qualifier, content});
  return content;
}

std::string new_id() {
  auto id = random_uuid();
  std::erase(id, '-');
  return id;
}

}  // namespace

Answer create_function_url(Context& context, Call call, const Json& body) {
  auto reference = read_reference(context, call);
  if (!reference) return tl::unexpected(reference.error());
  if (auto auth = require_string(body, "AuthType"); !auth) return tl::unexpected(auth.error());
  Transaction transaction(context.database);
  if (!exists(context, *reference)) return not_found("Function does not exist");
  if (find_url(context, *reference))
    return conflict("Failed to create function url config for [functionArn = " +
                    function_arn(context.region, reference->name, reference->qualifier) +
                    "]. Error message:  FunctionUrlConfig exists for this Lambda function");
  auto content =
      put(context, *reference, body, {{"Id", new_id()}, {"CreationTime", url_time(context.now_ms)}});
  if (!content) return tl::unexpected(content.error());
  transaction.commit();
  return json_response(201, shown(context, *reference, *content, With::creation));
}

Answer get_function_url(Context& context, Call call) {
  auto reference = read_reference(context, call);
  if (!reference) return tl::unexpected(reference.error());
  const auto content = find_url(context, *reference);
  if (!content) return no_url();
  return json_response(200, shown(context, *reference, *content, With::both_times, Defaults::shown));
}

Answer update_function_url(Context& context, Call call, const Json& body) {
  auto reference = read_reference(context, call);
  if (!reference) return tl::unexpected(reference.error());
  Transaction transaction(context.database);
  if (!exists(context, *reference)) return not_found("Function does not exist");
  auto before = find_url(context, *reference);
  if (!before) return no_url();
  auto content = put(context, *reference, body, std::move(*before));
  if (!content) return tl::unexpected(content.error());
  transaction.commit();
  return json_response(200, shown(context, *reference, *content, With::both_times));
}

Answer delete_function_url(Context& context, Call call) {
  auto reference = read_reference(context, call);
  if (!reference) return tl::unexpected(reference.error());
  if (!delete_setting(context.database, Setting::url, reference->name, reference->qualifier)) return no_url();
  return no_content();
}

// Marker: the last qualifier answered, after a "/" so that the function's own, "", is one too.
Answer list_function_urls(Context& context, Call call) {
  auto reference = read_reference(context, call);
  if (!reference) return tl::unexpected(reference.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  if (!find_function(context.database, reference->name)) return not_found("Function does not exist");
  Json json{{"FunctionUrlConfigs", Json::array()}};
  std::string last;
  for (const auto& record : list_settings(context.database, Setting::url, reference->name)) {
    if (!page->marker.empty() && "/" + record.qualifier <= page->marker) continue;
    if (json["FunctionUrlConfigs"].size() == page->size) {
      json["NextMarker"] = last;
      break;
    }
    json["FunctionUrlConfigs"].push_back(shown(context, {record.function, record.qualifier}, record.content,
                                               With::both_times, Defaults::shown));
    last = "/" + record.qualifier;
  }
  return json_response(200, json);
}

}  // namespace lambdapool::local

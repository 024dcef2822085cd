#include "local/control/operation.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "local/control/absent_resources.hpp"
#include "local/control/aliases.hpp"
#include "local/control/concurrency.hpp"
#include "local/control/event_invoke_config.hpp"
#include "local/control/function_urls.hpp"
#include "local/control/functions.hpp"
#include "local/control/kept_settings.hpp"
#include "local/control/layer_permissions.hpp"
#include "local/control/layers.hpp"
#include "local/control/permissions.hpp"
#include "local/control/tags.hpp"
#include "local/control/versions.hpp"
#include "local/store/alias_table.hpp"

namespace lambdapool::local {
namespace {

// Requests have few values and long strings. Values take sixteen times the room that "0," does.
constexpr std::size_t values_max = 100'000;

std::size_t count_values(std::string_view json) {
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (in_string && c == '\\') {
      ++at;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == ',' || c == '[' || c == '{')) {
      ++values;
    }
  }
  return values;
}

OrRefusal<Json> parse_body(const std::string& body) {
  if (body.empty()) return Json::object();
  if (count_values(body) > values_max) {
    return refuse(
        400, "InvalidRequestContentException",
        "Could not parse request body into json: it has more than " + std::to_string(values_max) + " values");
  }
  auto json = Json::parse(body, nullptr, false);
  if (json.is_object()) return json;
  return refuse(400, "InvalidRequestContentException",
                "Could not parse request body into json: it is not a JSON object");
}

using WithBody = Answer (*)(Context&, Call, const Json&);
using WithoutBody = Answer (*)(Context&, Call);

WithBody operation_with_body(Operation operation) {
  switch (operation) {
    case Operation::create_function:
      return create_function;
    case Operation::update_function_code:
      return update_function_code;
    case Operation::update_function_configuration:
      return update_function_configuration;
    case Operation::publish_version:
      return publish_version;
    case Operation::create_alias:
      return create_alias;
    case Operation::update_alias:
      return update_alias;
    case Operation::publish_layer_version:
      return publish_layer_version;
    case Operation::add_layer_permission:
      return add_layer_permission;
    case Operation::tag_resource:
      return tag_resource;
    case Operation::put_concurrency:
      return put_concurrency;
    case Operation::add_permission:
      return add_permission;
    case Operation::put_event_invoke_config:
      return put_event_invoke_config;
    case Operation::update_event_invoke_config:
      return update_event_invoke_config;
    case Operation::create_url:
      return create_function_url;
    case Operation::update_url:
      return update_function_url;
    case Operation::put_function_code_signing:
      return put_function_code_signing;
    case Operation::put_runtime_management:
      return put_runtime_management;
    case Operation::put_recursion:
      return put_recursion;
    default:
      return nullptr;
  }
}

WithoutBody operation_on_what_is_not_here(Operation operation) {
  switch (operation) {
    case Operation::get_function_code_signing:
      return get_function_code_signing;
    case Operation::delete_function_code_signing:
      return delete_function_code_signing;
    case Operation::get_runtime_management:
      return get_runtime_management;
    case Operation::get_recursion:
      return get_recursion;
    case Operation::get_provisioned:
      return get_provisioned;
    case Operation::delete_provisioned:
      return delete_provisioned;
    case Operation::list_event_sources:
      return list_event_sources;
    case Operation::list_code_signing:
      return list_code_signing;
    case Operation::absent_code_signing:
      return absent_code_signing;
    case Operation::absent:
      return absent;
    case Operation::refused:
      return refused;
    default:
      return nullptr;
  }
}

WithoutBody operation_without_body(Operation operation) {
  switch (operation) {
    case Operation::get_function:
      return get_function;
    case Operation::get_function_configuration:
      return get_function_configuration;
    case Operation::list_functions:
      return list_functions;
    case Operation::delete_function:
      return delete_function;
    case Operation::list_versions:
      return list_versions;
    case Operation::get_alias:
      return get_alias;
    case Operation::delete_alias:
      return delete_alias;
    case Operation::list_aliases:
      return list_aliases;
    case Operation::get_layer_version:
      return get_layer_version;
    case Operation::list_layers:
      return list_layers;
    case Operation::list_layer_versions:
      return list_layer_versions;
    case Operation::delete_layer_version:
      return delete_layer_version;
    case Operation::remove_layer_permission:
      return remove_layer_permission;
    case Operation::get_layer_policy:
      return get_layer_policy;
    case Operation::untag_resource:
      return untag_resource;
    case Operation::list_tags:
      return list_tags;
    case Operation::get_concurrency:
      return get_concurrency;
    case Operation::delete_concurrency:
      return delete_concurrency;
    case Operation::get_account_settings:
      return get_account_settings;
    case Operation::remove_permission:
      return remove_permission;
    case Operation::get_policy:
      return get_policy;
    case Operation::get_event_invoke_config:
      return get_event_invoke_config;
    case Operation::delete_event_invoke_config:
      return delete_event_invoke_config;
    case Operation::list_event_invoke_configs:
      return list_event_invoke_configs;
    case Operation::get_url:
      return get_function_url;
    case Operation::delete_url:
      return delete_function_url;
    case Operation::list_urls:
      return list_function_urls;
    default:
      return operation_on_what_is_not_here(operation);
  }
}

Answer dispatch(Context& context, Call call, std::string body) {
  if (const auto operation = operation_without_body(call.operation)) return operation(context, call);
  const auto operation = operation_with_body(call.operation);
  LAMBDAPOOL_CHECK(operation != nullptr);
  const auto json = parse_body(body);
  std::string().swap(body);  // it may be of 70 MB, and what was made of it is as large
  if (!json) return tl::unexpected(json.error());
  return operation(context, call, *json);
}

// Whoever carried a transition out may have died over it, or found the disk full: then the next one who looks
// carries it on, and is told what stands in the way.
std::optional<VersionRecord> find_settling(Context& context, const std::string& name,
                                           const std::string& version) {
  constexpr std::int64_t patience_ms = 2'000;
  auto record = find_version(context.database, name, version);
  if (!record || (record->phase != Phase::creating && record->phase != Phase::updating)) return record;
  if (context.now_ms - record->changed_ms <= patience_ms) return record;
  finish_transition(context.database, context.code, {name, record->version, record->revision},
                    context.now_ms);
  return find_version(context.database, name, version);
}

}  // namespace

http::Response run_operation(Context& context, Call call, std::string body) {
  const auto answer = dispatch(context, call, std::move(body));
  if (const auto error = context.database.take_error()) {
    context.transitions.clear();
    return refusal_response(service_failure(*error).value());
  }
  return answer ? *answer : refusal_response(answer.error());
}

http::Response json_response(int status, const Json& json) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

OrRefusal<Page> page_of(Call call) {
  Page page{call.query_value("Marker"), limits::list_page_max};
  const auto text = call.query_value("MaxItems");
  if (text.empty()) return page;
  int wanted = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, wanted);
  if (error != std::errc{} || stop != end || wanted < 1) {
    return validation_error(text, "maxItems", "Member must have value greater than or equal to 1");
  }
  if (wanted > 10'000)
    return validation_error(text, "maxItems", "Member must have value less than or equal to 10000");
  page.size = std::min(page.size, static_cast<std::size_t>(wanted));
  return page;
}

NameRule name_rule(Operation operation) {
  switch (operation) {
    case Operation::create_alias:
    case Operation::create_function:
    case Operation::delete_alias:
    case Operation::delete_concurrency:
    case Operation::delete_provisioned:
    case Operation::get_alias:
    case Operation::get_concurrency:
    case Operation::get_provisioned:
    case Operation::list_aliases:
    case Operation::publish_version:
    case Operation::put_concurrency:
    case Operation::update_alias:
    case Operation::update_function_code:
    case Operation::update_function_configuration:
      return NameRule::plain;
    case Operation::get_recursion:
    case Operation::put_recursion:
      return NameRule::unqualified;
    case Operation::create_url:
    case Operation::get_url:
    case Operation::update_url:
    case Operation::delete_url:
    case Operation::list_urls:
      return NameRule::url;
    default:
      return NameRule::namespaced;
  }
}

OrRefusal<Target> find_target(Context& context, Call call) {
  auto reference = parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"),
                                            name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  const auto arn = function_arn(context.region, reference->name, reference->qualifier);
  auto version = reference->qualifier.empty() ? std::string(latest) : reference->qualifier;
  auto function = find_function(context.database, reference->name);
  if (function && version_number(version) < 0) {
    const auto alias = find_alias(context.database, reference->name, version);
    version = alias ? alias->version : "";
  }
  if (function) {
    if (auto record = find_settling(context, reference->name, version)) {
      return Target{std::move(*reference), std::move(*function), std::move(*record), arn};
    }
  }
  return not_found("Function not found: " + arn);
}

OrRefusal<Target> find_latest(Context& context, Call call) {
  auto target = find_target(context, call);
  if (!target) return target;
  if (!target->reference.qualifier.empty() && target->reference.qualifier != latest) {
    return invalid_parameter("The operation takes a function without a qualifier, not " + target->arn + ".");
  }
  target->arn = function_arn(context.region, target->reference.name);
  return target;
}

OrRefusal<void> check_changeable(Context& context, const VersionRecord& record) {
  const auto arn = function_arn(context.region, record.function);
  if (record.damaged) return conflict("The operation cannot be performed: " + record.reason + ".");
  if (record.phase == Phase::creating) {
    return conflict(
        "The operation cannot be performed at this time. The function is currently in the following state: "
        "Pending");
  }
  if (record.phase == Phase::updating) {
    return conflict(
        "The operation cannot be performed at this time. An update is in progress for resource: " + arn);
  }
  return {};
}

OrRefusal<void> check_revision(const std::string& expected, const std::string& revision) {
  if (expected.empty() || expected == revision) return {};
  return refuse(
      412, "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
      "retrieve the latest Revision Id");
}

}  // namespace lambdapool::local

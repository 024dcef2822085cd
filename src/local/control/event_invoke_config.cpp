#include "local/control/event_invoke_config.hpp"

#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view destination_pattern =
    "$|kafka://"
    "([^.]([a-zA-Z0-9\\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|"
    "(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)";

struct Configured {
  std::string function;
  std::string qualifier;  // $LATEST where none was given
  std::string arn;
};

OrRefusal<Configured> find_configured(Context& context, Call call) {
  auto reference = parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"),
                                            name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  auto qualifier = reference->qualifier.empty() ? std::string(latest) : reference->qualifier;
  auto arn = function_arn(context.region, reference->name, qualifier);
  return Configured{reference->name, std::move(qualifier), std::move(arn)};
}

bool exists(Context& context, const std::string& function, const std::string& qualifier) {
  if (version_number(qualifier) >= 0) return find_version(context.database, function, qualifier).has_value();
  return find_alias(context.database, function, qualifier).has_value();
}

tl::unexpected<Refusal> not_configured(const Configured& target) {
  return not_found("The function " + target.arn + " doesn't have an EventInvokeConfig");
}

// AWS's name of the service in an ARN; "" where it is none.
std::string service_of(const std::string& arn) {
  const auto partition = arn.find(':');
  const auto service = partition == std::string::npos ? partition : arn.find(':', partition + 1);
  if (!arn.starts_with("arn:aws") || service == std::string::npos) return "";
  const auto name = arn.substr(service + 1, arn.find(':', service + 1) - service - 1);
  return is_name(name) && name.find('_') == std::string::npos ? name : "";
}

tl::unexpected<Refusal> not_sent_to(const std::string& service) {
  return invalid_parameter(
      "The local Lambda sends what becomes of events to Lambda functions only, and not to " + service + ".");
}

OrRefusal<std::string> check_destination(Context& context, const Configured& target, const Json& config,
                                         const char* which, const std::string& member) {
  const auto side = config.value(which, Json::object());
  if (!side.is_object())
    return refuse(400, "SerializationException", std::string(which) + " must be an object");
  auto arn = read_string(side, "Destination");
  if (!arn) return tl::unexpected(arn.error());
  if (!*arn || (*arn)->empty()) return "";
  if ((*arn)->starts_with("kafka://")) return not_sent_to("kafka");
  const auto service = service_of(**arn);
  if (service.empty())
    return pattern_error(**arn, "destinationConfig." + member + ".destination", destination_pattern);
  if (service == "sqs" || service == "sns" || service == "s3" || service == "events")
    return not_sent_to(service);
  if (service != "lambda") {
    const bool success = member == "onSuccess";
    const std::string own = std::string(success ? "OnSuccess" : "OnFailure") + "(destination=" + **arn + ")";
    return invalid_parameter(
        "The provided destination config DestinationConfig(onSuccess=" + (success ? own : "null") +
        ", onFailure=" + (success ? "null" : own) + ") is invalid.");
  }
  const auto destination = parse_function_reference(**arn, context.region, "", NameRule::namespaced);
  if (!destination || !find_function(context.database, destination->name))
    return invalid_parameter("The destination ARN " + **arn + " is invalid.");
  if (destination->name == target.function)
    return invalid_parameter("You can't specify the function as a destination for itself.");
  return **arn;
}

OrRefusal<void> apply_number(const Json& body, const char* member, const char* path, std::int64_t least,
                             std::int64_t most, Json& to) {
  auto value = read_integer(body, member);
  if (!value) return tl::unexpected(value.error());
  if (!*value) return {};
  if (**value < least)
    return validation_error(std::to_string(**value), path,
                            "Member must have value greater than or equal to " + std::to_string(least));
  if (**value > most)
    return validation_error(std::to_string(**value), path,
                            "Member must have value less than or equal to " + std::to_string(most));
  to[member] = **value;
  return {};
}

OrRefusal<void> apply(Context& context, const Configured& target, const Json& body, Json& to) {
  if (auto done = apply_number(body, "MaximumRetryAttempts", "maximumRetryAttempts", 0, 2, to); !done)
    return done;
  if (auto done = apply_number(body, "MaximumEventAgeInSeconds", "maximumEventAgeInSeconds", 60, 21'600, to);
      !done)
    return done;
  const auto destinations = body.find("DestinationConfig");
  if (destinations == body.end() || !destinations->is_object()) return {};
  auto success = check_destination(context, target, *destinations, "OnSuccess", "onSuccess");
  if (!success) return tl::unexpected(success.error());
  auto failure = check_destination(context, target, *destinations, "OnFailure", "onFailure");
  if (!failure) return tl::unexpected(failure.error());
  for (const auto& [which, arn] : {std::pair{"OnSuccess", *success}, std::pair{"OnFailure", *failure}}) {
    if (!destinations->contains(which)) continue;
    to["DestinationConfig"][which] = arn.empty() ? Json::object() : Json{{"Destination", arn}};
  }
  return {};
}

Json shown(const std::string& arn, Json content) {
  content["FunctionArn"] = arn;
  return content;
}

Answer store(Context& context, const Configured& target, const Json& body, Json content) {
  if (auto done = apply(context, target, body, content); !done) return tl::unexpected(done.error());
  content["LastModified"] = static_cast<double>(context.now_ms) / 1000;
  put_setting(context.database, Setting::event_invoke, {target.function, target.qualifier, content});
  return json_response(200, shown(target.arn, std::move(content)));
}

Json empty_config() {
  return {{"DestinationConfig", {{"OnSuccess", Json::object()}, {"OnFailure", Json::object()}}}};
}

}  // namespace

Answer put_event_invoke_config(Context& context, Call call, const Json& body) {
  auto target = find_configured(context, call);
  if (!target) return tl::unexpected(target.error());
  if (!body.contains("MaximumRetryAttempts") && !body.contains("MaximumEventAgeInSeconds") &&
      !body.contains("DestinationConfig"))
    return invalid_parameter("You must specify at least one of error handling or destination setting.");
  Transaction transaction(context.database);
  if (!exists(context, target->function, target->qualifier)) return not_found("The function doesn't exist.");
  auto answer = store(context, *target, body, empty_config());
  if (answer) transaction.commit();
  return answer;
}

Answer update_event_invoke_config(Context& context, Call call, const Json& body) {
  auto target = find_configured(context, call);
  if (!target) return tl::unexpected(target.error());
  Transaction transaction(context.database);
  if (!exists(context, target->function, target->qualifier)) return not_found("The function doesn't exist.");
  auto content = find_setting(context.database, Setting::event_invoke, target->function, target->qualifier);
  if (!content) return not_configured(*target);
  auto answer = store(context, *target, body, std::move(*content));
  if (answer) transaction.commit();
  return answer;
}

Answer get_event_invoke_config(Context& context, Call call) {
  auto target = find_configured(context, call);
  if (!target) return tl::unexpected(target.error());
  auto content = find_setting(context.database, Setting::event_invoke, target->function, target->qualifier);
  if (!content) return not_configured(*target);
  return json_response(200, shown(target->arn, std::move(*content)));
}

Answer delete_event_invoke_config(Context& context, Call call) {
  auto target = find_configured(context, call);
  if (!target) return tl::unexpected(target.error());
  if (delete_setting(context.database, Setting::event_invoke, target->function, target->qualifier))
    return no_content();
  return not_configured(*target);
}

// Marker: the last qualifier answered.
Answer list_event_invoke_configs(Context& context, Call call) {
  auto target = find_configured(context, call);
  if (!target) return tl::unexpected(target.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  if (!find_function(context.database, target->function)) return not_found("The function doesn't exist.");
  Json json{{"FunctionEventInvokeConfigs", Json::array()}};
  std::string last;
  for (auto& record : list_settings(context.database, Setting::event_invoke, target->function)) {
    if (!page->marker.empty() && record.qualifier <= page->marker) continue;
    if (json["FunctionEventInvokeConfigs"].size() == page->size) {
      json["NextMarker"] = last;
      break;
    }
    const auto arn = function_arn(context.region, record.function, record.qualifier);
    json["FunctionEventInvokeConfigs"].push_back(shown(arn, std::move(record.content)));
    last = record.qualifier;
  }
  return json_response(200, json);
}

EventInvokeConfig event_invoke_config(Database& database, const std::string& function,
                                      const std::string& qualifier) {
  EventInvokeConfig config;
  const auto content = find_setting(database, Setting::event_invoke, function, qualifier);
  if (!content) return config;
  config.retries = content->value("MaximumRetryAttempts", config.retries);
  config.age = std::chrono::seconds(content->value("MaximumEventAgeInSeconds", config.age.count()));
  const auto destination = [&](const char* which) {
    return content->value("DestinationConfig", Json::object())
        .value(which, Json::object())
        .value("Destination", std::string());
  };
  config.on_success = destination("OnSuccess");
  config.on_failure = destination("OnFailure");
  return config;
}

}  // namespace lambdapool::local

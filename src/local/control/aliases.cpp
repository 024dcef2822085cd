#include "local/control/aliases.hpp"

#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view name_pattern = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";

Json alias_json(Context& context, const AliasRecord& alias) {
  Json json{{"AliasArn", function_arn(context.region, alias.function, alias.name)},
            {"Name", alias.name},
            {"FunctionVersion", alias.version},
            {"Description", alias.description}};
  if (!alias.second_version.empty()) {
    json["RoutingConfig"] = {{"AdditionalVersionWeights", {{alias.second_version, alias.second_weight}}}};
  }
  json["RevisionId"] = alias.revision;
  return json;
}

// As Java prints a double: always with a fraction.
std::string printed(double number) {
  auto text = Json(number).dump();
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

OrRefusal<void> check_weight(const std::string& version, const Json& weight) {
  if (!weight.is_number()) return refuse(400, "SerializationException", "a weight must be a number");
  const auto value = "{" + version + "=" + printed(weight.get<double>()) + "}";
  constexpr std::string_view member = "routingConfig.additionalVersionWeights";
  if (version.empty() || version.find_first_not_of("0123456789") != std::string::npos) {
    return validation_error(
        value, member,
        "Map keys must satisfy constraint: [Member must have length less than or equal to "
        "1024, Member must have length greater than or equal to 1, Member must satisfy "
        "regular expression pattern: [0-9]+]");
  }
  if (weight.get<double>() >= 0 && weight.get<double>() <= 1) return {};
  return validation_error(
      value, member,
      "Map value must satisfy constraint: [Member must have value less than or equal to "
      "1.0, Member must have value greater than or equal to 0.0, Member must not be null]");
}

OrRefusal<void> apply_routing(const Json& body, AliasRecord& alias) {
  const auto routing = body.find("RoutingConfig");
  if (routing == body.end() || routing->is_null()) return {};
  const auto weights =
      routing->is_object() ? routing->value("AdditionalVersionWeights", Json::object()) : Json();
  if (!weights.is_object() || weights.size() > 1) {
    return invalid_parameter("Number of items in AdditionalVersionWeights cannot be greater than 1");
  }
  alias.second_version.clear();
  alias.second_weight = 0;
  for (const auto& [version, weight] : weights.items()) {
    if (auto valid = check_weight(version, weight); !valid) return valid;
    alias.second_version = version;
    alias.second_weight = weight.get<double>();
  }
  return {};
}

OrRefusal<void> apply_alias(Context& context, const Json& body, AliasRecord& alias) {
  auto version = read_string(body, "FunctionVersion");
  auto description = read_string(body, "Description");
  if (!version) return tl::unexpected(version.error());
  if (!description) return tl::unexpected(description.error());
  if (*version) alias.version = **version;
  if (*description) alias.description = **description;
  if (alias.description.size() > 256) {
    return validation_error(alias.description, "description",
                            "Member must have length less than or equal to 256");
  }
  if (auto done = apply_routing(body, alias); !done) return done;
  std::vector<std::string> versions{alias.version};
  if (!alias.second_version.empty()) versions.push_back(alias.second_version);
  for (const auto& wanted : versions) {
    if (version_number(wanted) < 0) return pattern_error(wanted, "functionVersion", "(\\$LATEST|[0-9]+)");
    if (!find_version(context.database, alias.function, wanted)) {
      return not_found("Function not found: " + function_arn(context.region, alias.function, wanted));
    }
  }
  if (alias.version == latest && !alias.second_version.empty()) {
    return without_type(
        invalid_parameter("$LATEST is not supported for an alias pointing to more than 1 version"));
  }
  if (alias.version == alias.second_version) {
    return invalid_parameter("Invalid function version " + alias.version + ". Function version " +
                             alias.version + " is already included in routing configuration.");
  }
  return {};
}

tl::unexpected<Refusal> no_alias(Context& context, const std::string& function, const std::string& name) {
  return not_found("Cannot find alias arn: " + function_arn(context.region, function, name));
}

}  // namespace

Answer create_alias(Context& context, Call call, const Json& body) {
  const auto reference = parse_function_reference(call.parameters[0], context.region);
  const auto wanted = read_string(body, "FunctionVersion");
  if (reference && wanted && !find_function(context.database, reference->name))
    return not_found("Function not found: " +
                     function_arn(context.region, reference->name, wanted->value_or("")));
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto name = require_string(body, "Name");
  auto version = require_string(body, "FunctionVersion");
  if (!name) return tl::unexpected(name.error());
  if (!version) return tl::unexpected(version.error());
  if (!is_name(*name) || name->find_first_not_of("0123456789") == std::string::npos || name->size() > 128) {
    return pattern_error(*name, "name", name_pattern);
  }
  Transaction transaction(context.database);
  AliasRecord alias{target->function.name, *name, *version};
  alias.revision = random_uuid();
  if (auto done = apply_alias(context, body, alias); !done) return tl::unexpected(done.error());
  if (find_alias(context.database, alias.function, alias.name)) {
    return conflict("Alias already exists: " + function_arn(context.region, alias.function, alias.name));
  }
  put_alias(context.database, alias);
  transaction.commit();
  return json_response(201, alias_json(context, alias));
}

Answer get_alias(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  const auto alias = find_alias(context.database, target->function.name, call.parameters[1]);
  if (!alias) return no_alias(context, target->function.name, call.parameters[1]);
  return json_response(200, alias_json(context, *alias));
}

Answer update_alias(Context& context, Call call, const Json& body) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto revision = read_string(body, "RevisionId");
  if (!revision) return tl::unexpected(revision.error());
  Transaction transaction(context.database);
  auto alias = find_alias(context.database, target->function.name, call.parameters[1]);
  if (!alias)
    return not_found("Alias not found: " +
                     function_arn(context.region, target->function.name, call.parameters[1]));
  if (auto same = check_revision(revision->value_or(""), alias->revision); !same)
    return tl::unexpected(same.error());
  if (auto done = apply_alias(context, body, *alias); !done) return tl::unexpected(done.error());
  alias->revision = random_uuid();
  put_alias(context.database, *alias);
  transaction.commit();
  return json_response(200, alias_json(context, *alias));
}

Answer delete_alias(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  delete_alias_row(context.database, target->function.name, call.parameters[1]);
  delete_settings(context.database, target->function.name, call.parameters[1]);
  return no_content();
}

// Marker: the last alias answered.
Answer list_aliases(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  auto aliases = list_alias_rows(context.database, target->function.name, call.query_value("FunctionVersion"),
                                 page->marker, page->size + 1);
  const bool more = aliases.size() > page->size;
  if (more) aliases.pop_back();
  Json json{{"Aliases", Json::array()}};
  for (const auto& alias : aliases) json["Aliases"].push_back(alias_json(context, alias));
  if (more) json["NextMarker"] = aliases.back().name;
  return json_response(200, json);
}

}  // namespace lambdapool::local

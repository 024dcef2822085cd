#include "local/control/functions.hpp"

#include <nlohmann/json.hpp>

#include "local/control/code_source.hpp"
#include "local/control/layers.hpp"
#include "local/control/request_body.hpp"
#include "local/control/versions.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"
#include "local/store/tag_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

OrRefusal<void> check_total_size(const FunctionConfig& config) {
  auto total = config.code.unzipped;
  for (const auto& layer : config.layers) total += layer.code.unzipped;
  if (config.code.unzipped >= limits::unzipped_bytes_max) {
    return invalid_parameter("Unzipped size must be smaller than " +
                             std::to_string(limits::unzipped_bytes_max) + " bytes");
  }
  if (total < limits::unzipped_bytes_max) return {};
  return invalid_parameter("Function code combined with layers exceeds the maximum allowed size of " +
                           std::to_string(limits::unzipped_bytes_max) + " bytes. The actual size is " +
                           std::to_string(total) + " bytes.");
}

OrRefusal<void> apply_layers(Context& context, const Json& body, FunctionConfig& config) {
  auto arns = read_strings(body, "Layers");
  if (!arns) return tl::unexpected(arns.error());
  if (!*arns) return {};
  auto layers = find_layers(context, **arns);
  if (!layers) return tl::unexpected(layers.error());
  config.layers = std::move(*layers);
  return {};
}

OrRefusal<FunctionConfig> read_new_function(Context& context, const std::string& name, const Json& body) {
  if (auto zip = refuse_images(body); !zip) return tl::unexpected(zip.error());
  Violations violations;
  for (const char* member : {"Role", "Code"}) require(body, member, violations);
  FunctionConfig config;
  config.log_group = "/aws/lambda/" + name;
  config.last_modified = iso_time(context.now_ms);
  if (auto done = apply_configuration(body, config, std::move(violations)); !done)
    return tl::unexpected(done.error());
  if (config.runtime.empty() || config.handler.empty())
    return invalid_parameter(
        "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  auto architecture = read_architecture(body);
  if (!architecture) return tl::unexpected(architecture.error());
  config.architecture = architecture->value_or(host_architecture());
  if (auto done = apply_layers(context, body, config); !done) return tl::unexpected(done.error());
  return config;
}

// Puts a change in force that is not active yet, and sees to it that it will be.
void begin_transition(Context& context, VersionRecord& record, Phase phase) {
  record.phase = phase;
  record.reason.clear();
  record.revision = random_uuid();
  record.changed_ms = context.now_ms;
  context.database.expect_room();  // else it would never become active
  put_version(context.database, record);
  context.transitions.push_back({record.function, record.version, record.revision});
}

http::Response configuration_response(Context& context, int status, const VersionRecord& record,
                                      std::string_view qualifier = "") {
  const auto arn = function_arn(context.region, record.function, qualifier);
  return json_response(status, configuration_json(record, arn, Show::everything));
}

OrRefusal<std::string> read_revision(const Json& body) {
  auto revision = read_string(body, "RevisionId");
  if (!revision) return tl::unexpected(revision.error());
  return revision->value_or("");
}

// $LATEST as it is now, to be changed inside the caller's transaction.
OrRefusal<VersionRecord> load_for_update(Context& context, const std::string& name,
                                         const std::string& revision) {
  auto record = find_version(context.database, name, latest);
  if (!record) return not_found("Function not found: " + function_arn(context.region, name));
  if (auto same = check_revision(revision, record->revision); !same) return tl::unexpected(same.error());
  if (auto free = check_changeable(context, *record); !free) return tl::unexpected(free.error());
  return std::move(*record);
}

Answer insert_new(Context& context, VersionRecord record, const StringMap& tags, bool publish_too) {
  Transaction transaction(context.database);
  if (find_function(context.database, record.function)) {
    return conflict("Function already exist: " + record.function);
  }
  const FunctionRecord function{record.function, random_uuid(), 1, {}};
  insert_function(context.database, function);
  begin_transition(context, record, Phase::creating);
  put_tags(context.database, record.function, tags);
  http::Response response;
  if (publish_too) {
    auto published = publish(context, function, record, record.config.description);
    if (!published) return tl::unexpected(published.error());
    response = configuration_response(context, 201, *published);
  } else {
    response = configuration_response(context, 201, record);
  }
  transaction.commit();
  return response;
}

}  // namespace

Answer create_function(Context& context, Call, const Json& body) {
  auto text = require_string(body, "FunctionName");
  if (!text) return tl::unexpected(text.error());
  auto reference = parse_function_reference(*text, context.region);
  if (!reference) return tl::unexpected(reference.error());
  const auto& name = reference->name;
  if (name.size() > limits::function_name_max) {  // AWS's type is another one here
    auto refused = validation_error(name, "functionName", "Member must have length less than or equal to 64");
    refused.value().type = "InvalidParameterValueException";
    return refused;
  }
  auto config = read_new_function(context, name, body);
  if (!config) return tl::unexpected(config.error());
  auto tags = read_string_map(body, "Tags");
  if (!tags) return tl::unexpected(tags.error());
  if (auto fit = check_tags(tags->value_or(StringMap{})); !fit) return tl::unexpected(fit.error());
  auto publish_too = read_boolean(body, "Publish");
  if (!publish_too) return tl::unexpected(publish_too.error());
  if (find_function(context.database, name)) return conflict("Function already exist: " + name);

  const auto hold = context.code.hold();
  context.code_released = true;  // of what is refused nothing is left
  const bool given = body.contains("Code") && body["Code"].is_object();
  auto code = put_code_of(context, given ? body["Code"] : Json::object(), "function code");
  if (!code) return tl::unexpected(code.error());
  config->code = std::move(*code);
  if (auto fits = check_total_size(*config); !fits) return tl::unexpected(fits.error());
  context.without_effect = settings_without_effect(*config);
  VersionRecord record{name, std::string(latest), std::move(*config)};
  return insert_new(context, std::move(record), tags->value_or(StringMap{}), publish_too->value_or(false));
}

Answer get_function(Context& context, Call call) {
  auto target = find_target(context, call);
  if (!target) return tl::unexpected(target.error());
  Json json;
  json["Configuration"] = configuration_json(target->version, target->arn, Show::everything);
  json["Code"] = {{"RepositoryType", "S3"},
                  {"Location", context.location(target->version.config.code.sha256)}};
  const auto tags = find_tags(context.database, target->function.name);
  if (!tags.empty()) json["Tags"] = tags;
  if (target->function.reserved)
    json["Concurrency"] = {{"ReservedConcurrentExecutions", *target->function.reserved}};
  return json_response(200, json);
}

Answer get_function_configuration(Context& context, Call call) {
  auto target = find_target(context, call);
  if (!target) return tl::unexpected(target.error());
  return json_response(200, configuration_json(target->version, target->arn, Show::everything));
}

// Marker: the last function answered; with FunctionVersion=ALL followed by ":" and its version.
Answer list_functions(Context& context, Call call) {
  auto page = page_of(call);
  if (!page) return tl::unexpected(page.error());
  const auto which = call.query_value("FunctionVersion");
  if (!which.empty() && which != "ALL") {
    return validation_error(which, "functionVersion", "Member must satisfy enum value set: [ALL]");
  }
  const bool all = which == "ALL";
  std::vector<VersionRecord> records;
  if (all) {
    const auto colon = page->marker.find(':');
    VersionCursor cursor{page->marker.substr(0, colon), -1};
    if (colon != std::string::npos) cursor.number = version_number(page->marker.substr(colon + 1));
    records = list_all_versions(context.database, cursor, page->size + 1);
  } else {
    records = list_latest(context.database, page->marker, page->size + 1);
  }
  const bool more = records.size() > page->size;
  if (more) records.pop_back();
  Json json{{"Functions", Json::array()}};
  for (const auto& record : records) {
    const auto arn = function_arn(context.region, record.function, all ? record.version : "");
    json["Functions"].push_back(configuration_json(record, arn, Show::listing));
  }
  if (more) json["NextMarker"] = records.back().function + (all ? ":" + records.back().version : "");
  return json_response(200, json);
}

Answer update_function_code(Context& context, Call call, const Json& body) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto revision = read_revision(body);
  auto publish_too = read_boolean(body, "Publish");
  auto dry_run = read_boolean(body, "DryRun");
  auto architecture = read_architecture(body);
  if (!revision) return tl::unexpected(revision.error());
  if (!publish_too) return tl::unexpected(publish_too.error());
  if (!dry_run) return tl::unexpected(dry_run.error());
  if (!architecture) return tl::unexpected(architecture.error());
  if (auto current = load_for_update(context, target->function.name, *revision); !current) {
    return tl::unexpected(current.error());
  }
  const auto hold = context.code.hold();
  context.code_released = true;
  auto code = put_code_of(context, body, "function code");
  if (!code) return tl::unexpected(code.error());

  Transaction transaction(context.database);
  auto record = load_for_update(context, target->function.name, *revision);
  if (!record) return tl::unexpected(record.error());
  record->config.code = std::move(*code);
  record->config.last_modified = iso_time(context.now_ms);
  if (*architecture) record->config.architecture = **architecture;
  if (auto fits = check_total_size(record->config); !fits) return tl::unexpected(fits.error());
  if (dry_run->value_or(false)) return configuration_response(context, 200, *record);
  begin_transition(context, *record, record->live ? Phase::updating : Phase::creating);
  auto response = configuration_response(context, 200, *record);
  if (publish_too->value_or(false)) {
    auto published = publish(context, target->function, *record, record->config.description);
    if (!published) return tl::unexpected(published.error());
    response = configuration_response(context, 200, *published, published->version);
  }
  transaction.commit();
  return response;
}

Answer update_function_configuration(Context& context, Call call, const Json& body) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  auto revision = read_revision(body);
  if (!revision) return tl::unexpected(revision.error());
  const auto hold = context.code.hold();
  Transaction transaction(context.database);
  auto record = load_for_update(context, target->function.name, *revision);
  if (!record) return tl::unexpected(record.error());
  if (auto done = apply_configuration(body, record->config); !done) return tl::unexpected(done.error());
  if (auto done = apply_layers(context, body, record->config); !done) return tl::unexpected(done.error());
  if (auto fits = check_total_size(record->config); !fits) return tl::unexpected(fits.error());
  record->config.last_modified = iso_time(context.now_ms);
  context.without_effect = settings_without_effect(record->config);
  begin_transition(context, *record, record->live ? Phase::updating : Phase::creating);
  context.code_released = true;
  auto response = configuration_response(context, 200, *record);
  transaction.commit();
  return response;
}

// A version that is not there is as good as deleted; a function that is not there is an error.
Answer delete_function(Context& context, Call call) {
  auto reference = parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"),
                                            name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  const auto& [name, qualifier] = *reference;
  if (qualifier == latest)
    return invalid_parameter("$LATEST version cannot be deleted without deleting the function.");
  if (is_name(qualifier) && version_number(qualifier) < 0)
    return invalid_parameter("Deletion of aliases is not currently supported.");
  Transaction transaction(context.database);
  if (!find_function(context.database, name))
    return not_found("Function not found: " + function_arn(context.region, name));
  if (qualifier.empty()) {
    delete_function(context.database, name);
  } else {
    const auto aliases = list_alias_rows(context.database, name, qualifier, "", 1);
    if (!aliases.empty()) {
      return conflict("Unable to delete version because the following aliases reference it: [" +
                      aliases[0].name + "]");
    }
    delete_version(context.database, name, qualifier);
    delete_settings(context.database, name, qualifier);
  }
  context.code_released = true;
  transaction.commit();
  return no_content();
}

}  // namespace lambdapool::local

#include "local/control/absent_resources.hpp"

#include <nlohmann/json.hpp>

#include "local/control/layers.hpp"
#include "local/control/request_body.hpp"
#include "local/store/alias_table.hpp"

namespace lambdapool::local {
namespace {

// Of a published version or an alias.
OrRefusal<Target> find_provisioned(Context& context, Call call) {
  auto reference =
      parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"));
  if (!reference) return tl::unexpected(reference.error());
  const auto& [name, qualifier] = *reference;
  if (qualifier.empty() || qualifier == latest)
    return invalid_parameter("The function resource provided must be an alias or a published version.");
  if (version_number(qualifier) < 0 && !find_alias(context.database, name, qualifier))
    return not_found("Cannot find alias arn: " + function_arn(context.region, name, qualifier));
  return find_target(context, call);
}

}  // namespace

Answer get_function_code_signing(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  return json_response(200, Json::object());
}

Answer put_function_code_signing(Context& context, Call call, const Json& body) {
  auto arn = require_string(body, "CodeSigningConfigArn");
  if (!arn) return tl::unexpected(arn.error());
  auto reference =
      parse_function_reference(call.parameters[0], context.region, "", name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  return refuse(
      404, "CodeSigningConfigNotFoundException",
      "The code signing configuration cannot be found. Check that the provided configuration is not "
      "deleted: " +
          *arn + ".");
}

Answer delete_function_code_signing(Context& context, Call call) {
  auto target = find_latest(context, call);
  if (!target) return tl::unexpected(target.error());
  return no_content();
}

Answer get_provisioned(Context& context, Call call) {
  if (call.query_value("List") == "ALL") {
    auto target = find_latest(context, call);
    if (!target) return tl::unexpected(target.error());
    return json_response(200, {{"ProvisionedConcurrencyConfigs", Json::array()}});
  }
  auto target = find_provisioned(context, call);
  if (!target) return tl::unexpected(target.error());
  return refuse(404, "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function");
}

Answer delete_provisioned(Context& context, Call call) {
  auto target = find_provisioned(context, call);
  if (!target) return tl::unexpected(target.error());
  return no_content();
}

Answer list_event_sources(Context&, Call) {
  return json_response(200, {{"EventSourceMappings", Json::array()}});
}

Answer list_code_signing(Context&, Call) {
  return json_response(200, {{"CodeSigningConfigs", Json::array()}});
}

Answer absent_code_signing(Context&, Call call) {
  return without_type(
      not_found("The Lambda code signing configuration " + call.parameters[0] + " can not be found."));
}

Answer absent(Context&, Call) { return not_found("The resource you requested does not exist."); }

Answer refused(Context&, Call call) {
  return invalid_parameter("The local Lambda does not support " + std::string(call.entry->note) + ".");
}

}  // namespace lambdapool::local

#include "local/control/layer_permissions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/control/arn.hpp"
#include "local/control/layers.hpp"
#include "local/control/request_body.hpp"
#include "local/control/resource_policy.hpp"
#include "local/store/layer_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* principal_pattern = "\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root";

OrRefusal<Json> layer_principal(const std::string& text) {
  if (text == "*") return Json("*");
  if (is_account(text)) return Json{{"AWS", "arn:aws:iam::" + text + ":root"}};
  const auto iam = text.find(":iam::");
  if (text.starts_with("arn:aws") && iam != std::string::npos && text.find(':', 4) == iam &&
      is_account(std::string_view(text).substr(iam + 6, 12)) && text.substr(iam + 18) == ":root")
    return Json{{"AWS", text}};
  return pattern_error(text, "principal", principal_pattern);
}

bool is_organization(std::string_view text) {
  return text.starts_with("o-") && text.size() >= 12 && text.size() <= 34 &&
         std::all_of(text.begin() + 2, text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

OrRefusal<Json> layer_statement(const Json& body, const std::string& resource) {
  const auto request = read_statement_request(body);
  if (!request) return tl::unexpected(request.error());
  auto organization = read_string(body, "OrganizationId");
  if (!organization) return tl::unexpected(organization.error());
  if (auto valid = check_statement_id(request->id); !valid) return tl::unexpected(valid.error());
  if (request->action != "lambda:GetLayerVersion")
    return pattern_error(request->action, "action", "lambda:GetLayerVersion");
  auto principal = layer_principal(request->principal);
  if (!principal) return tl::unexpected(principal.error());
  Json statement = allowing_statement(*request, *principal, resource);
  if (!*organization) return statement;
  if (!is_organization(**organization))
    return pattern_error(**organization, "organizationId", "o-[a-z0-9]{10,32}");
  statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"] = **organization;
  return statement;
}

OrRefusal<LayerVersionRecord> find_governed_layer(Context& context, Call call) {
  auto target = layer_target(context, call);
  if (!target) return tl::unexpected(target.error());
  if (auto record = find_layer_version(context.database, target->name, target->version)) return *record;
  return not_found("Layer version " + layer_version_arn(context.region, target->name, target->version) +
                   " does not exist.");
}

OrRefusal<void> check_layer_policy_revision(const LayerVersionRecord& record, const std::string& expected) {
  return check_policy_revision(record.policy_revision, expected, "GetLayerPolicy");
}

}  // namespace

Answer add_layer_permission(Context& context, Call call, const Json& body) {
  auto target = layer_target(context, call);
  if (!target) return tl::unexpected(target.error());
  auto statement = layer_statement(body, layer_version_arn(context.region, target->name, target->version));
  if (!statement) return tl::unexpected(statement.error());
  Transaction transaction(context.database);
  auto record = find_governed_layer(context, call);
  if (!record) return tl::unexpected(record.error());
  if (auto same = check_layer_policy_revision(*record, call.query_value("RevisionId")); !same)
    return tl::unexpected(same.error());
  auto policy = record->policy.empty() ? new_policy() : Json::parse(record->policy);
  if (auto added = add_statement(policy, *statement); !added) return tl::unexpected(added.error());
  record->policy = policy.dump();
  record->policy_revision = random_uuid();
  put_layer_version(context.database, *record);
  transaction.commit();
  return json_response(201, {{"Statement", statement->dump()}, {"RevisionId", record->policy_revision}});
}

Answer remove_layer_permission(Context& context, Call call) {
  Transaction transaction(context.database);
  auto record = find_governed_layer(context, call);
  if (!record) return tl::unexpected(record.error());
  if (record->policy.empty()) return no_policy();
  auto policy = Json::parse(record->policy);
  const auto found = find_statement(policy, call.parameters[2]);
  if (!found) return tl::unexpected(found.error());
  if (auto same = check_layer_policy_revision(*record, call.query_value("RevisionId")); !same)
    return tl::unexpected(same.error());
  policy["Statement"].erase(*found);
  record->policy = policy["Statement"].empty() ? std::string() : policy.dump();
  record->policy_revision = record->policy.empty() ? std::string() : random_uuid();
  put_layer_version(context.database, *record);
  transaction.commit();
  return no_content();
}

Answer get_layer_policy(Context& context, Call call) {
  const auto record = find_governed_layer(context, call);
  if (!record) return tl::unexpected(record.error());
  if (record->policy.empty()) return no_policy();
  return json_response(200, {{"Policy", record->policy}, {"RevisionId", record->policy_revision}});
}

}  // namespace lambdapool::local

#include "local/control/layer_permissions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "local/control/layers.hpp"
#include "local/control/request_body.hpp"
#include "local/store/layer_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t layer_policy_bytes_max = 20'480;
constexpr const char* principal_pattern = "\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root";

bool is_account(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

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
  auto id = require_string(body, "StatementId");
  if (!id) return tl::unexpected(id.error());
  auto action = require_string(body, "Action");
  if (!action) return tl::unexpected(action.error());
  auto principal_text = require_string(body, "Principal");
  if (!principal_text) return tl::unexpected(principal_text.error());
  auto organization = read_string(body, "OrganizationId");
  if (!organization) return tl::unexpected(organization.error());
  if (!is_name(*id)) return pattern_error(*id, "statementId", "([a-zA-Z0-9-_]+)");
  if (id->size() > 100)
    return validation_error(*id, "statementId", "Member must have length less than or equal to 100");
  if (*action != "lambda:GetLayerVersion") return pattern_error(*action, "action", "lambda:GetLayerVersion");
  auto principal = layer_principal(*principal_text);
  if (!principal) return tl::unexpected(principal.error());
  Json statement{{"Sid", *id},
                 {"Effect", "Allow"},
                 {"Principal", *principal},
                 {"Action", *action},
                 {"Resource", resource}};
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
  if (expected.empty() || expected == record.policy_revision) return {};
  return refuse(
      412, "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to "
      "retrieve the latest Revision Id");
}

auto find_layer_statement(Json& policy, const std::string& id) {
  auto& statements = policy["Statement"];
  return std::find_if(statements.begin(), statements.end(),
                      [&id](const Json& statement) { return statement.value("Sid", "") == id; });
}

tl::unexpected<Refusal> no_policy() { return not_found("No policy is associated with the given resource."); }

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
  auto policy = record->policy.empty()
                    ? Json{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", Json::array()}}
                    : Json::parse(record->policy);
  const auto id = (*statement)["Sid"].get<std::string>();
  if (find_layer_statement(policy, id) != policy["Statement"].end())
    return conflict("The statement id (" + id +
                    ") provided already exists. Please provide a new statement id, or remove the existing "
                    "statement.");
  policy["Statement"].push_back(*statement);
  record->policy = policy.dump();
  if (const auto size = record->policy.size(); size > layer_policy_bytes_max)
    return refuse(400, "PolicyLengthExceededException",
                  "The final policy size (" + std::to_string(size) + ") is bigger than the limit (" +
                      std::to_string(layer_policy_bytes_max) + ").");
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
  const auto found = find_layer_statement(policy, call.parameters[2]);
  if (found == policy["Statement"].end())
    return not_found("Statement " + call.parameters[2] + " is not found in resource policy.");
  if (auto same = check_layer_policy_revision(*record, call.query_value("RevisionId")); !same)
    return tl::unexpected(same.error());
  policy["Statement"].erase(found);
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

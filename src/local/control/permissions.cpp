#include "local/control/permissions.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "local/control/arn.hpp"
#include "local/control/request_body.hpp"
#include "local/control/resource_policy.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

// What a policy is of: the function itself, a version or an alias. A change of the policy renews theirs.
struct Governed {
  FunctionReference reference;
  std::string arn;
  std::optional<VersionRecord> version = {};
  std::optional<AliasRecord> alias = {};
  const std::string& revision() const { return alias ? alias->revision : version->revision; }
};

OrRefusal<Governed> find_governed(Context& context, Call call, const std::string& without_function) {
  auto reference = parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"),
                                            name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  Governed found{*reference, function_arn(context.region, reference->name, reference->qualifier)};
  const auto& qualifier = reference->qualifier;
  if (!find_function(context.database, reference->name))
    return not_found(without_function + function_arn(context.region, reference->name));
  if (qualifier.empty() || version_number(qualifier) >= 0) {
    found.version = find_version(context.database, reference->name, qualifier.empty() ? latest : qualifier);
  } else {
    found.alias = find_alias(context.database, reference->name, qualifier);
    if (!found.alias && is_name(qualifier)) return not_found("Cannot find alias arn: " + found.arn);
  }
  if (!found.version && !found.alias) return not_found("Function not found: " + found.arn);
  return found;
}

// A policy is kept with the revision that it was changed with. Publishing and updates leave that as it is.
constexpr const char* revision_member = "RevisionId";

std::string revision_of(const Json& policy, const Governed& governed) {
  return policy.value(revision_member, governed.revision());
}

// Either will do: whoever has the governed one's newest revision has seen the policy's newest state, too.
OrRefusal<void> check_revision(const Governed& governed, const Json& policy, const std::string& expected) {
  if (expected == governed.revision()) return {};
  return check_policy_revision(revision_of(policy, governed), expected,
                               governed.alias ? "GetPolicy" : "GetFunction/GetAlias");
}

std::string renew(Context& context, Governed& governed) {
  if (!governed.alias)
    return renew_revision(context.database, governed.reference.name, governed.version->version);
  governed.alias->revision = random_uuid();
  put_alias(context.database, *governed.alias);
  return governed.alias->revision;
}

OrRefusal<Json> principal_of(const std::string& text) {
  if (text == "*") return Json("*");
  if (is_account(text)) return Json{{"AWS", "arn:aws:iam::" + text + ":root"}};
  if (text.starts_with("arn:")) return Json{{"AWS", text}};
  if (text.ends_with(".amazonaws.com") || text.ends_with(".amazon.com")) return Json{{"Service", text}};
  return invalid_parameter("The provided principal was invalid. Please check the principal and try again.");
}

OrRefusal<Json> condition_of(const Json& body) {
  Json condition = Json::object();
  const std::array<std::array<const char*, 3>, 5> members{
      {{"SourceAccount", "StringEquals", "AWS:SourceAccount"},
       {"FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"},
       {"EventSourceToken", "StringEquals", "lambda:EventSourceToken"},
       {"PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"},
       {"SourceArn", "ArnLike", "AWS:SourceArn"}}};
  for (const auto& [member, comparison, key] : members) {
    auto value = read_string(body, member);
    if (!value) return tl::unexpected(value.error());
    if (*value) condition[comparison][key] = **value;
  }
  auto by_url = read_boolean(body, "InvokedViaFunctionUrl");
  if (!by_url) return tl::unexpected(by_url.error());
  if (*by_url) condition["Bool"]["lambda:InvokedViaFunctionUrl"] = **by_url ? "true" : "false";
  return condition;
}

bool is_action(std::string_view text) {
  if (text == "*" || text == "lambda:*") return true;
  if (!text.starts_with("lambda:") || text.size() == 7) return false;
  text.remove_prefix(7);
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

OrRefusal<Json> read_statement(const Json& body, const std::string& resource) {
  const auto request = read_statement_request(body);
  if (!request) return tl::unexpected(request.error());
  if (auto valid = check_statement_id(request->id); !valid) return tl::unexpected(valid.error());
  if (!is_action(request->action))
    return pattern_error(request->action, "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])");
  auto principal = principal_of(request->principal);
  if (!principal) return tl::unexpected(principal.error());
  auto condition = condition_of(body);
  if (!condition) return tl::unexpected(condition.error());
  Json statement = allowing_statement(*request, *principal, resource);
  if (!condition->empty()) statement["Condition"] = *condition;
  return statement;
}

}  // namespace

Answer add_permission(Context& context, Call call, const Json& body) {
  auto reference = parse_function_reference(call.parameters[0], context.region, call.query_value("Qualifier"),
                                            name_rule(call.operation));
  if (!reference) return tl::unexpected(reference.error());
  auto statement = read_statement(body, function_arn(context.region, reference->name, reference->qualifier));
  if (!statement) return tl::unexpected(statement.error());
  if (reference->qualifier == latest)
    return invalid_parameter("We currently do not support adding policies for $LATEST.");
  auto revision = read_string(body, "RevisionId");
  if (!revision) return tl::unexpected(revision.error());
  Transaction transaction(context.database);
  auto governed = find_governed(context, call, "Function not found: ");
  if (!governed) return tl::unexpected(governed.error());
  auto policy = find_setting(context.database, Setting::policy, reference->name, reference->qualifier)
                    .value_or(new_policy());
  if (auto same = check_revision(*governed, policy, revision->value_or("")); !same)
    return tl::unexpected(same.error());
  policy.erase(revision_member);
  if (auto added = add_statement(policy, *statement); !added) return tl::unexpected(added.error());
  policy[revision_member] = renew(context, *governed);
  put_setting(context.database, Setting::policy, {reference->name, reference->qualifier, std::move(policy)});
  transaction.commit();
  return json_response(201, {{"Statement", statement->dump()}});
}

Answer remove_permission(Context& context, Call call) {
  Transaction transaction(context.database);
  auto governed = find_governed(context, call, "No policy found for: ");
  if (!governed) return tl::unexpected(governed.error());
  const auto& [name, qualifier] = governed->reference;
  auto policy = find_setting(context.database, Setting::policy, name, qualifier);
  if (!policy) return no_policy();
  const auto found = find_statement(*policy, call.parameters[1]);
  if (!found) return tl::unexpected(found.error());
  if (auto same = check_revision(*governed, *policy, call.query_value("RevisionId")); !same)
    return tl::unexpected(same.error());
  (*policy)["Statement"].erase(*found);
  (*policy)[revision_member] = renew(context, *governed);
  if ((*policy)["Statement"].empty()) {
    delete_setting(context.database, Setting::policy, name, qualifier);
  } else {
    put_setting(context.database, Setting::policy, {name, qualifier, std::move(*policy)});
  }
  transaction.commit();
  return no_content();
}

Answer get_policy(Context& context, Call call) {
  auto governed = find_governed(context, call, "");
  const auto none = [] { return not_found("The resource you requested does not exist."); };
  if (!governed && governed.error().status == 404) return none();
  if (!governed) return tl::unexpected(governed.error());
  const auto& [name, qualifier] = governed->reference;
  auto policy = find_setting(context.database, Setting::policy, name, qualifier);
  if (!policy) return none();
  const auto revision = revision_of(*policy, *governed);
  policy->erase(revision_member);
  return json_response(200, {{"Policy", policy->dump()}, {"RevisionId", revision}});
}

}  // namespace lambdapool::local

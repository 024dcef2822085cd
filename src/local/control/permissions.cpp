#include "local/control/permissions.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "local/control/request_body.hpp"
#include "local/store/alias_table.hpp"
#include "local/store/setting_table.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr std::size_t policy_bytes_max = 20'480;

// What a policy is of: the function itself, a version or an alias. Its revision is theirs.
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

OrRefusal<void> check_policy_revision(const Governed& governed, const std::string& expected) {
  if (expected.empty() || expected == governed.revision()) return {};
  return refuse(412, "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. Call the " +
                    std::string(governed.alias ? "GetPolicy" : "GetFunction/GetAlias") +
                    " API to retrieve the latest Revision Id");
}

void renew_revision(Context& context, Governed& governed) {
  if (governed.alias) {
    governed.alias->revision = random_uuid();
    return put_alias(context.database, *governed.alias);
  }
  governed.version->revision = random_uuid();
  put_version(context.database, *governed.version);
}

OrRefusal<Json> principal_of(const std::string& text) {
  if (text == "*") return Json("*");
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (digits && text.size() == 12) return Json{{"AWS", "arn:aws:iam::" + text + ":root"}};
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
  auto id = require_string(body, "StatementId");
  if (!id) return tl::unexpected(id.error());
  auto action = require_string(body, "Action");
  if (!action) return tl::unexpected(action.error());
  auto principal_text = require_string(body, "Principal");
  if (!principal_text) return tl::unexpected(principal_text.error());
  if (!is_name(*id)) return pattern_error(*id, "statementId", "([a-zA-Z0-9-_]+)");
  if (id->size() > 100)
    return validation_error(*id, "statementId", "Member must have length less than or equal to 100");
  if (!is_action(*action)) return pattern_error(*action, "action", "(lambda:[*]|lambda:[a-zA-Z]+|[*])");
  auto principal = principal_of(*principal_text);
  if (!principal) return tl::unexpected(principal.error());
  auto condition = condition_of(body);
  if (!condition) return tl::unexpected(condition.error());
  Json statement{{"Sid", *id},
                 {"Effect", "Allow"},
                 {"Principal", *principal},
                 {"Action", *action},
                 {"Resource", resource}};
  if (!condition->empty()) statement["Condition"] = *condition;
  return statement;
}

Json new_policy() { return {{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", Json::array()}}; }

auto find_statement(Json& policy, const std::string& id) {
  auto& statements = policy["Statement"];
  return std::find_if(statements.begin(), statements.end(),
                      [&id](const Json& statement) { return statement.value("Sid", "") == id; });
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
  if (auto same = check_policy_revision(*governed, revision->value_or("")); !same)
    return tl::unexpected(same.error());
  auto policy = find_setting(context.database, Setting::policy, reference->name, reference->qualifier)
                    .value_or(new_policy());
  const auto id = (*statement)["Sid"].get<std::string>();
  if (find_statement(policy, id) != policy["Statement"].end()) {
    return conflict("The statement id (" + id +
                    ") provided already exists. Please provide a new statement id, or remove the existing "
                    "statement.");
  }
  policy["Statement"].push_back(*statement);
  if (const auto size = policy.dump().size(); size > policy_bytes_max) {
    return refuse(400, "PolicyLengthExceededException",
                  "The final policy size (" + std::to_string(size) + ") is bigger than the limit (" +
                      std::to_string(policy_bytes_max) + ").");
  }
  put_setting(context.database, Setting::policy, {reference->name, reference->qualifier, std::move(policy)});
  renew_revision(context, *governed);
  transaction.commit();
  return json_response(201, {{"Statement", statement->dump()}});
}

Answer remove_permission(Context& context, Call call) {
  Transaction transaction(context.database);
  auto governed = find_governed(context, call, "No policy found for: ");
  if (!governed) return tl::unexpected(governed.error());
  const auto& [name, qualifier] = governed->reference;
  auto policy = find_setting(context.database, Setting::policy, name, qualifier);
  if (!policy) return not_found("No policy is associated with the given resource.");
  const auto found = find_statement(*policy, call.parameters[1]);
  if (found == (*policy)["Statement"].end())
    return not_found("Statement " + call.parameters[1] + " is not found in resource policy.");
  if (auto same = check_policy_revision(*governed, call.query_value("RevisionId")); !same)
    return tl::unexpected(same.error());
  (*policy)["Statement"].erase(found);
  if ((*policy)["Statement"].empty()) {
    delete_setting(context.database, Setting::policy, name, qualifier);
  } else {
    put_setting(context.database, Setting::policy, {name, qualifier, std::move(*policy)});
  }
  renew_revision(context, *governed);
  transaction.commit();
  return no_content();
}

Answer get_policy(Context& context, Call call) {
  auto governed = find_governed(context, call, "");
  const auto none = [] { return not_found("The resource you requested does not exist."); };
  if (!governed && governed.error().status == 404) return none();
  if (!governed) return tl::unexpected(governed.error());
  const auto& [name, qualifier] = governed->reference;
  const auto policy = find_setting(context.database, Setting::policy, name, qualifier);
  if (!policy) return none();
  return json_response(200, {{"Policy", policy->dump()}, {"RevisionId", governed->revision()}});
}

}  // namespace lambdapool::local

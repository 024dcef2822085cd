// A role's policies, tags and trust. Each call reads the role, and most change it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "local/iam/roles.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/role_table.hpp"

namespace lambdapool::local {
namespace {

// What stands in the answer, "" for nothing.
using Part = OrRefusal<std::string>;

constexpr const char* whole_list = "<IsTruncated>false</IsTruncated>";

Part put_policy(Json& role, const QueryCall& call) {
  const auto name = name_in(call, "PolicyName", 128);
  if (!name) return tl::unexpected(name.error());
  const auto document = policy_document_in(call, "PolicyDocument");
  if (!document) return tl::unexpected(document.error());
  role["Policies"][*name] = *document;
  return "";
}

OrRefusal<std::string> find_policy(const Json& role, const QueryCall& call) {
  auto name = name_in(call, "PolicyName", 128);
  if (!name || role.at("Policies").contains(*name)) return name;
  return no_such_entity("The role policy with name " + *name + " cannot be found.");
}

Part get_policy(Json& role, const QueryCall& call) {
  const auto name = find_policy(role, call);
  if (!name) return tl::unexpected(name.error());
  return xml_element("RoleName", role.at("RoleName").get<std::string>()) + xml_element("PolicyName", *name) +
         xml_element("PolicyDocument", percent_encode(role.at("Policies").at(*name).get<std::string>()));
}

Part delete_policy(Json& role, const QueryCall& call) {
  const auto name = find_policy(role, call);
  if (!name) return tl::unexpected(name.error());
  role["Policies"].erase(*name);
  return "";
}

Part list_policies(Json& role, const QueryCall&) {
  std::string members;
  for (const auto& [name, document] : role.at("Policies").items()) members += xml_element("member", name);
  return whole_list + ("<PolicyNames>" + members + "</PolicyNames>");
}

OrRefusal<std::string> policy_arn_in(const QueryCall& call) {
  auto arn = call.required("PolicyArn");
  if (!arn) return arn;
  const auto policy = arn->find(":policy/");
  if (arn->starts_with("arn:aws") && policy != std::string::npos && arn->size() > policy + 8) return arn;
  return refuse(400, "ValidationError", "ARN " + *arn + " is not valid.");
}

Part attach(Json& role, const QueryCall& call) {
  const auto arn = policy_arn_in(call);
  if (!arn) return tl::unexpected(arn.error());
  auto& attached = role["Attached"];
  if (std::find(attached.begin(), attached.end(), *arn) == attached.end()) attached.push_back(*arn);
  return "";
}

Part detach(Json& role, const QueryCall& call) {
  const auto arn = policy_arn_in(call);
  if (!arn) return tl::unexpected(arn.error());
  auto& attached = role["Attached"];
  const auto found = std::find(attached.begin(), attached.end(), *arn);
  if (found == attached.end()) return no_such_entity("Policy " + *arn + " was not found.");
  attached.erase(found);
  return "";
}

Part list_attached(Json& role, const QueryCall&) {
  std::string members;
  for (const auto& each : role.at("Attached")) {
    const auto arn = each.get<std::string>();
    members += "<member>" + xml_element("PolicyName", arn.substr(arn.rfind('/') + 1)) +
               xml_element("PolicyArn", arn) + "</member>";
  }
  return whole_list + ("<AttachedPolicies>" + members + "</AttachedPolicies>");
}

Part update_trust(Json& role, const QueryCall& call) {
  const auto document = policy_document_in(call, "PolicyDocument");
  if (!document) return tl::unexpected(document.error());
  role["AssumeRolePolicyDocument"] = *document;
  return "";
}

Part tag(Json& role, const QueryCall& call) {
  const auto keys = call.members("Tags", "Key"), values = call.members("Tags", "Value");
  for (std::size_t i = 0; i < keys.size() && i < values.size(); ++i) role["Tags"][keys[i]] = values[i];
  return "";
}

Part untag(Json& role, const QueryCall& call) {
  for (const auto& key : call.members("TagKeys")) role["Tags"].erase(key);
  return "";
}

Part list_tags(Json& role, const QueryCall&) {
  std::string members;
  for (const auto& [key, value] : role.at("Tags").items())
    members +=
        "<member>" + xml_element("Key", key) + xml_element("Value", value.get<std::string>()) + "</member>";
  return whole_list + ("<Tags>" + members + "</Tags>");
}

Part no_profiles(Json&, const QueryCall&) {
  return std::string(whole_list) + "<InstanceProfiles></InstanceProfiles>";
}

struct RoleCall {
  std::string_view action;
  std::vector<std::string_view> parameters;  // beside RoleName
  Part (*handler)(Json& role, const QueryCall& call);
};

const std::vector<RoleCall>& role_calls() {
  static const std::vector<RoleCall> table = {
      {"PutRolePolicy", {"PolicyName", "PolicyDocument"}, put_policy},
      {"GetRolePolicy", {"PolicyName"}, get_policy},
      {"DeleteRolePolicy", {"PolicyName"}, delete_policy},
      {"ListRolePolicies", {"Marker", "MaxItems"}, list_policies},
      {"AttachRolePolicy", {"PolicyArn"}, attach},
      {"DetachRolePolicy", {"PolicyArn"}, detach},
      {"ListAttachedRolePolicies", {"Marker", "MaxItems"}, list_attached},
      {"UpdateAssumeRolePolicy", {"PolicyDocument"}, update_trust},
      {"TagRole", {"Tags"}, tag},
      {"UntagRole", {"TagKeys"}, untag},
      {"ListRoleTags", {"Marker", "MaxItems"}, list_tags},
      {"ListInstanceProfilesForRole", {"Marker", "MaxItems"}, no_profiles},
  };
  return table;
}

Answer answer_entry(Database& database, const QueryCall& call, const RoleCall& entry) {
  auto known = entry.parameters;
  known.push_back("RoleName");
  if (auto all = refuse_others(call, known); !all) return tl::unexpected(all.error());
  const auto name = name_in(call, "RoleName", 64);
  if (!name) return tl::unexpected(name.error());
  Transaction transaction(database);
  auto role = find_role(database, *name);
  if (!role) return no_such_entity("The role with name " + *name + " cannot be found.");
  const auto before = *role;
  const auto result = entry.handler(*role, call);
  if (!result) return tl::unexpected(result.error());
  if (*role != before) put_role(database, *role);
  transaction.commit();
  return query_answer(entry.action, iam_xmlns, *result);
}

}  // namespace

std::optional<Answer> answer_role_call(Database& database, const QueryCall& call) {
  for (const auto& entry : role_calls())
    if (entry.action == call.action()) return answer_entry(database, call, entry);
  return std::nullopt;
}

}  // namespace lambdapool::local

#include "local/iam/roles.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/random.hpp"
#include "core/timestamp.hpp"
#include "local/control/arn.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/role_table.hpp"

namespace lambdapool::local {
namespace {

constexpr int shortest_session_s = 3'600, longest_session_s = 43'200;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

std::string new_role_id() {
  std::string id = random_bytes(17);
  for (auto& c : id) c = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[static_cast<unsigned char>(c) % 32];
  return "AROA" + id;
}

std::string role_xml(const Json& role) {
  std::string xml;
  for (const char* member : {"Path", "RoleName", "RoleId", "Arn", "CreateDate"})
    xml += xml_element(member, role.at(member).get<std::string>());
  xml += xml_element("AssumeRolePolicyDocument",
                     percent_encode(role.at("AssumeRolePolicyDocument").get<std::string>()));
  if (role.contains("Description"))
    xml += xml_element("Description", role.at("Description").get<std::string>());
  xml += xml_element("MaxSessionDuration", std::to_string(role.at("MaxSessionDuration").get<int>()));
  std::string tags;
  for (const auto& [key, value] : role.at("Tags").items())
    tags +=
        "<member>" + xml_element("Key", key) + xml_element("Value", value.get<std::string>()) + "</member>";
  return tags.empty() ? xml : xml + "<Tags>" + tags + "</Tags>";
}

OrRefusal<std::string> path_in(const QueryCall& call) {
  const auto path = call.has("Path") ? call.value("Path") : std::string("/");
  const bool graphic = std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f; });
  if (path.starts_with('/') && path.ends_with('/') && graphic && path.size() <= 512) return path;
  return refuse(400, "ValidationError",
                "The specified value for path is invalid. It must begin and end with / and contain only "
                "alphanumeric characters and/or / characters.");
}

OrRefusal<int> session_in(const QueryCall& call) {
  if (!call.has("MaxSessionDuration")) return shortest_session_s;
  const auto text = call.value("MaxSessionDuration");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size() && seconds >= shortest_session_s &&
      seconds <= longest_session_s)
    return seconds;
  return refuse(
      400, "ValidationError",
      "1 validation error detected: Value '" + text +
          "' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 "
          "and 43200");
}

Answer create_role(Database& database, const QueryCall& call) {
  const auto name = name_in(call, "RoleName", 64);
  if (!name) return tl::unexpected(name.error());
  const auto trust = policy_document_in(call, "AssumeRolePolicyDocument");
  if (!trust) return tl::unexpected(trust.error());
  const auto path = path_in(call);
  if (!path) return tl::unexpected(path.error());
  const auto session = session_in(call);
  if (!session) return tl::unexpected(session.error());
  Transaction transaction(database);
  if (find_role(database, *name))
    return refuse(409, "EntityAlreadyExists", "Role with name " + *name + " already exists.");
  Json role{{"RoleName", *name},
            {"RoleId", new_role_id()},
            {"Arn", "arn:aws:iam::" + std::string(account_id) + ":role" + *path + *name},
            {"Path", *path},
            {"CreateDate", format_timestamp(std::chrono::system_clock::now())},
            {"AssumeRolePolicyDocument", *trust},
            {"MaxSessionDuration", *session},
            {"Policies", Json::object()},
            {"Attached", Json::array()},
            {"Tags", Json::object()}};
  if (call.has("Description")) role["Description"] = call.value("Description");
  const auto keys = call.members("Tags", "Key"), values = call.members("Tags", "Value");
  for (std::size_t i = 0; i < keys.size() && i < values.size(); ++i) role["Tags"][keys[i]] = values[i];
  put_role(database, role);
  transaction.commit();
  return query_answer("CreateRole", iam_xmlns, "<Role>" + role_xml(role) + "</Role>");
}

Answer get_role(Database& database, const QueryCall& call) {
  const auto name = name_in(call, "RoleName", 64);
  if (!name) return tl::unexpected(name.error());
  const auto role = find_role(database, *name);
  if (!role) return no_such_entity("The role with name " + *name + " cannot be found.");
  return query_answer("GetRole", iam_xmlns, "<Role>" + role_xml(*role) + "</Role>");
}

// All of them at once: IAM may answer fewer than MaxItems, or page by it, and callers go by IsTruncated.
Answer list_all_roles(Database& database, const QueryCall& call) {
  std::string members;
  for (const auto& role : list_roles(database)) {
    if (role.at("Path").get<std::string>().starts_with(call.value("PathPrefix")))
      members += "<member>" + role_xml(role) + "</member>";
  }
  return query_answer("ListRoles", iam_xmlns,
                      "<IsTruncated>false</IsTruncated><Roles>" + members + "</Roles>");
}

Answer remove_role(Database& database, const QueryCall& call) {
  const auto name = name_in(call, "RoleName", 64);
  if (!name) return tl::unexpected(name.error());
  Transaction transaction(database);
  const auto role = find_role(database, *name);
  if (!role) return no_such_entity("The role with name " + *name + " cannot be found.");
  if (!role->at("Attached").empty())
    return refuse(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.");
  if (!role->at("Policies").empty())
    return refuse(409, "DeleteConflict", "Cannot delete entity, must delete policies first.");
  delete_role(database, *name);
  transaction.commit();
  return query_answer("DeleteRole", iam_xmlns, "");
}

}  // namespace

tl::unexpected<Refusal> no_such_entity(std::string message) {
  return refuse(404, "NoSuchEntity", std::move(message));
}

OrRefusal<std::string> name_in(const QueryCall& call, const std::string& parameter, std::size_t longest) {
  auto name = call.required(parameter);
  if (!name) return name;
  if (name->size() <= longest && std::ranges::all_of(*name, is_name_character)) return name;
  return refuse(400, "ValidationError",
                "The specified value for " + parameter +
                    " is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_- "
                    "and have at most " +
                    std::to_string(longest) + " of them.");
}

OrRefusal<std::string> policy_document_in(const QueryCall& call, const std::string& parameter) {
  auto document = call.required(parameter);
  if (!document) return document;
  const auto json = Json::parse(*document, nullptr, false);
  if (json.is_object() && json.contains("Statement")) return document;
  return refuse(400, "MalformedPolicyDocument",
                json.is_discarded() ? "This policy contains invalid Json"
                                    : "Syntax errors in policy: it has no Statement.");
}

OrRefusal<void> refuse_others(const QueryCall& call, const std::vector<std::string_view>& known) {
  const auto others = call.others(known);
  if (others.empty()) return {};
  return refuse(400, "InvalidInput",
                "The local IAM knows no " + others.front() + " of " + call.action() + ": leave it out.");
}

Answer answer_iam_call(Database& database, const QueryCall& call) {
  using Handler = Answer (*)(Database&, const QueryCall&);
  struct Entry {
    std::string_view action;
    std::vector<std::string_view> parameters;
    Handler handler;
  };
  static const Entry table[] = {
      {"CreateRole",
       {"RoleName", "AssumeRolePolicyDocument", "Path", "Description", "MaxSessionDuration", "Tags"},
       create_role},
      {"GetRole", {"RoleName"}, get_role},
      {"ListRoles", {"PathPrefix", "Marker", "MaxItems"}, list_all_roles},
      {"DeleteRole", {"RoleName"}, remove_role},
  };
  for (const auto& entry : table) {
    if (entry.action != call.action()) continue;
    if (auto known = refuse_others(call, entry.parameters); !known) return tl::unexpected(known.error());
    return entry.handler(database, call);
  }
  if (auto answer = answer_role_call(database, call)) return std::move(*answer);
  return refuse(400, "InvalidAction",
                "The local IAM has roles with their policies, as far as tools that deploy functions ask for "
                "them, and no " +
                    call.action() + ".");
}

}  // namespace lambdapool::local

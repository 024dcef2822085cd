#include "local/iam/sts_calls.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/timestamp.hpp"
#include "local/control/arn.hpp"
#include "local/iam/roles.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/role_table.hpp"
#include "local/temporary_credentials.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view sts_xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

// The account's owner: whoever is let in may do everything.
Answer caller_identity() {
  const std::string account(account_id);
  return query_answer("GetCallerIdentity", sts_xmlns,
                      xml_element("Arn", "arn:aws:iam::" + account + ":root") +
                          xml_element("UserId", account) + xml_element("Account", account));
}

OrRefusal<std::chrono::seconds> duration_in(const QueryCall& call, int longest) {
  if (!call.has("DurationSeconds")) return std::chrono::hours(1);
  const auto text = call.value("DurationSeconds");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size() && seconds >= 900 && seconds <= longest)
    return std::chrono::seconds(seconds);
  return refuse(400, "ValidationError",
                "The requested DurationSeconds must be between 900 and the role's MaxSessionDuration, " +
                    std::to_string(longest) + ", not " + text + ".");
}

OrRefusal<Json> find_assumed(Database& database, const std::string& arn) {
  auto role = find_role(database, arn.substr(arn.rfind('/') + 1));
  if (role && role->at("Arn") == arn) return *role;
  return refuse(403, "AccessDenied",
                "User: arn:aws:iam::" + std::string(account_id) +
                    ":root is not authorized to perform: sts:AssumeRole on resource: " + arn +
                    " (there is no such role here: CreateRole makes one)");
}

// Of the form that AWS's have. Where any keys will do, these do, too, and after their time as well.
Answer assume_role(Database& database, const QueryCall& call, AnyKeys let_in,
                   std::chrono::system_clock::time_point now) {
  if (auto known = refuse_others(call, {"RoleArn", "RoleSessionName", "DurationSeconds"}); !known)
    return tl::unexpected(known.error());
  const auto arn = call.required("RoleArn");
  if (!arn) return tl::unexpected(arn.error());
  const auto session = name_in(call, "RoleSessionName", 64);
  if (!session) return tl::unexpected(session.error());
  const auto role = find_assumed(database, *arn);
  if (!role) return tl::unexpected(role.error());
  const auto duration = duration_in(call, role->at("MaxSessionDuration").get<int>());
  if (!duration) return tl::unexpected(duration.error());
  if (let_in == AnyKeys::no)
    return refuse(
        403, "AccessDenied",
        "This lambdapool serve lets in its own key alone, and so gives out no credentials of roles.");
  const auto keys = temporary_credentials();
  const std::string role_name = role->at("RoleName").get<std::string>();
  return query_answer(
      "AssumeRole", sts_xmlns,
      "<Credentials>" + xml_element("AccessKeyId", keys.access_key_id) +
          xml_element("SecretAccessKey", keys.secret_access_key) +
          xml_element("SessionToken", keys.session_token) +
          xml_element("Expiration", format_timestamp(now + *duration)) + "</Credentials><AssumedRoleUser>" +
          xml_element("AssumedRoleId", role->at("RoleId").get<std::string>() + ":" + *session) +
          xml_element("Arn", "arn:aws:sts::" + std::string(account_id) + ":assumed-role/" + role_name + "/" +
                                 *session) +
          "</AssumedRoleUser>");
}

}  // namespace

Answer answer_sts_call(Database& database, const QueryCall& call, AnyKeys let_in,
                       std::chrono::system_clock::time_point now) {
  if (call.action() == "GetCallerIdentity") return caller_identity();
  if (call.action() == "AssumeRole") return assume_role(database, call, let_in, now);
  return refuse(400, "InvalidAction",
                "The local STS has GetCallerIdentity and AssumeRole, and no " + call.action() + ".");
}

}  // namespace lambdapool::local

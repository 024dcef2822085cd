#include "aws/iam/iam.hpp"

#include <algorithm>
#include <utility>

#include "aws/xml_answer.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws::iam {

namespace {

constexpr std::string_view trust_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

constexpr std::size_t name_max = 64;
constexpr std::size_t region_room = 16;  // the longest region's name has 14 characters

std::string stem_for(const std::string& function, std::size_t longest) {
  constexpr std::size_t hash_digits = 8;
  auto name = "lambdapool-role-" + function;
  if (name.size() <= longest) return name;
  name.resize(longest - hash_digits - 1);
  return name + "-" + sha256_hex(function).substr(0, hash_digits);
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

http::Request call(const char* action, const Parameters& parameters) {
  http::Request request{"POST", "/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
  request.body = std::string("Action=") + action + "&Version=2010-05-08";
  for (const auto& [name, value] : parameters) request.body += "&" + name + "=" + percent_encode(value);
  return request;
}

}  // namespace

std::string role_name_for(const std::string& function) { return stem_for(function, name_max); }

std::string role_name_for(const std::string& function, const std::string& region) {
  return stem_for(function, name_max - 1 - std::max(region_room, region.size())) + "-" + region;
}

std::string basic_execution_policy_arn(const std::string& partition) {
  return "arn:" + partition + ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
}

std::string vpc_policy_arn(const std::string& partition) {
  return "arn:" + partition + ":iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
}

http::Request create_role_request(const std::string& name, const std::string& description,
                                  const std::map<std::string, std::string>& tags) {
  Parameters parameters = {
      {"RoleName", name}, {"Path", "/lambdapool/"}, {"AssumeRolePolicyDocument", std::string(trust_policy)}};
  if (!description.empty()) parameters.emplace_back("Description", description);
  int number = 0;
  for (const auto& [key, value] : tags) {
    const auto prefix = "Tags.member." + std::to_string(++number);
    parameters.emplace_back(prefix + ".Key", key);
    parameters.emplace_back(prefix + ".Value", value);
  }
  return call("CreateRole", parameters);
}

http::Request get_role_request(const std::string& name) { return call("GetRole", {{"RoleName", name}}); }

http::Request attach_role_policy_request(const std::string& name, const std::string& policy_arn) {
  return call("AttachRolePolicy", {{"RoleName", name}, {"PolicyArn", policy_arn}});
}

http::Request detach_role_policy_request(const std::string& name, const std::string& policy_arn) {
  return call("DetachRolePolicy", {{"RoleName", name}, {"PolicyArn", policy_arn}});
}

http::Request list_attached_role_policies_request(const std::string& name,
                                                  const std::optional<std::string>& marker) {
  Parameters parameters = {{"RoleName", name}};
  if (marker) parameters.emplace_back("Marker", *marker);
  return call("ListAttachedRolePolicies", parameters);
}

http::Request put_role_policy_request(const std::string& name, const std::string& policy,
                                      const std::string& document) {
  return call("PutRolePolicy", {{"RoleName", name}, {"PolicyName", policy}, {"PolicyDocument", document}});
}

http::Request get_role_policy_request(const std::string& name, const std::string& policy) {
  return call("GetRolePolicy", {{"RoleName", name}, {"PolicyName", policy}});
}

http::Request delete_role_policy_request(const std::string& name, const std::string& policy) {
  return call("DeleteRolePolicy", {{"RoleName", name}, {"PolicyName", policy}});
}

http::Request list_role_policies_request(const std::string& name, const std::optional<std::string>& marker) {
  Parameters parameters = {{"RoleName", name}};
  if (marker) parameters.emplace_back("Marker", *marker);
  return call("ListRolePolicies", parameters);
}

http::Request delete_role_request(const std::string& name) {
  return call("DeleteRole", {{"RoleName", name}});
}

Result<Role> parse_role(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  const auto role = xml::element(response.body, "Role").value_or(std::string_view());
  Role out{xml::text_of(role, "RoleName"), xml::text_of(role, "Arn"), xml::text_of(role, "Path")};
  if (out.arn.empty()) return tl::unexpected(xml::unreadable(response, "Role's Arn", "IAM"));
  if (const auto tags = xml::members(role, "Tags"))
    for (const auto tag : *tags) out.tags[xml::text_of(tag, "Key")] = xml::text_of(tag, "Value");
  return out;
}

Result<PolicyPage> parse_attached_policies(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  const auto members = xml::members(response.body, "AttachedPolicies");
  if (!members) return tl::unexpected(xml::unreadable(response, "list of AttachedPolicies", "IAM"));
  PolicyPage out;
  for (const auto policy : *members) out.policies.push_back(xml::text_of(policy, "PolicyArn"));
  if (xml::text_of(response.body, "IsTruncated") == "true")
    out.next_marker = xml::text_of(response.body, "Marker");
  return out;
}

Result<PolicyPage> parse_policy_names(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  const auto members = xml::members(response.body, "PolicyNames");
  if (!members) return tl::unexpected(xml::unreadable(response, "list of PolicyNames", "IAM"));
  PolicyPage out;
  for (const auto name : *members) out.policies.push_back(xml::unescaped(name));
  if (xml::text_of(response.body, "IsTruncated") == "true")
    out.next_marker = xml::text_of(response.body, "Marker");
  return out;
}

Result<std::string> parse_role_policy(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  auto document = percent_decode(xml::text_of(response.body, "PolicyDocument"));
  if (document.empty()) return tl::unexpected(xml::unreadable(response, "PolicyDocument", "IAM"));
  return document;
}

Result<void> parse_done(const http::Response& response) {
  if (!xml::is_success(response)) return tl::unexpected(xml::refused(response));
  return {};
}

}  // namespace lambdapool::aws::iam

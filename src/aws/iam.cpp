#include "aws/iam.hpp"

#include <utility>

#include "aws/service_error.hpp"
#include "core/encoding.hpp"

namespace lambdapool::aws::iam {

namespace {

constexpr std::string_view trust_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

using Parameters = std::vector<std::pair<std::string, std::string>>;

http::Request call(const char* action, const Parameters& parameters) {
  http::Request request{"POST", "/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}};
  request.body = std::string("Action=") + action + "&Version=2010-05-08";
  for (const auto& [name, value] : parameters) request.body += "&" + name + "=" + percent_encode(value);
  return request;
}

// IAM's answers are small and regular, so finding an element by its name is enough: none of the elements
// that are read here can hold one of the same name, and text cannot hold a tag.
std::optional<std::string_view> element(std::string_view xml, std::string_view name) {
  const auto open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  const auto start = xml.find(open);
  if (start == std::string_view::npos) return std::nullopt;
  const auto from = start + open.size();
  const auto end = xml.find(close, from);
  if (end == std::string_view::npos) return std::nullopt;
  return xml.substr(from, end - from);
}

std::string unescaped(std::string_view text) {
  static constexpr std::pair<std::string_view, char> entities[] = {
      {"&lt;", '<'},   {"&gt;", '>'},  {"&quot;", '"'}, {"&apos;", '\''},
      {"&#39;", '\''}, {"&#34;", '"'}, {"&amp;", '&'}};
  std::string out;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [entity, character] : entities) {
      if (!text.starts_with(entity)) continue;
      out += character;
      text.remove_prefix(entity.size());
      found = true;
      break;
    }
    if (found) continue;
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

std::string text_of(std::string_view xml, std::string_view name) {
  const auto text = element(xml, name);
  return text ? unescaped(*text) : std::string();
}

Error refused(const http::Response& response) {
  const auto error = element(response.body, "Error").value_or(std::string_view());
  Refusal refusal{response.status, text_of(error, "Code"), text_of(error, "Message")};
  refusal.request_id = text_of(response.body, "RequestId");
  if (refusal.request_id.empty()) refusal.request_id = response.headers.get("x-amzn-requestid");
  refusal.body = response.body;
  return error_of(std::move(refusal));
}

bool is_success(const http::Response& response) { return response.status >= 200 && response.status < 300; }

tl::unexpected<Error> unreadable(const http::Response& response, const char* missing) {
  Error error;
  error.kind = ErrorKind::protocol;
  error.message = "the endpoint answered HTTP " + std::to_string(response.status) + " without a " + missing +
                  "; is it an AWS IAM endpoint?";
  error.http_status = response.status;
  error.detail = response.body;
  return tl::unexpected(std::move(error));
}

}  // namespace

std::string role_name_for(const std::string& function) {
  constexpr std::size_t longest = 64, hash_digits = 8;
  auto name = "lambdapool-role-" + function;
  if (name.size() <= longest) return name;
  name.resize(longest - hash_digits - 1);
  return name + "-" + sha256_hex(function).substr(0, hash_digits);
}

std::string basic_execution_policy_arn(const std::string& partition) {
  return "arn:" + partition + ":iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
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

http::Request delete_role_request(const std::string& name) {
  return call("DeleteRole", {{"RoleName", name}});
}

Result<Role> parse_role(const http::Response& response) {
  if (!is_success(response)) return tl::unexpected(refused(response));
  const auto role = element(response.body, "Role").value_or(std::string_view());
  Role out{text_of(role, "RoleName"), text_of(role, "Arn"), text_of(role, "Path")};
  if (out.arn.empty()) return unreadable(response, "Role's Arn");
  return out;
}

Result<AttachedPolicies> parse_attached_policies(const http::Response& response) {
  if (!is_success(response)) return tl::unexpected(refused(response));
  constexpr std::string_view container = "AttachedPolicies", end_of_one = "</member>";
  AttachedPolicies out;
  auto rest = element(response.body, container);
  if (!rest && response.body.find("<AttachedPolicies/>") == std::string::npos) {
    return unreadable(response, "list of AttachedPolicies");
  }
  std::string_view members = rest.value_or(std::string_view());
  while (const auto policy = element(members, "member")) {
    out.arns.push_back(text_of(*policy, "PolicyArn"));
    members.remove_prefix(members.find(end_of_one) + end_of_one.size());
  }
  if (text_of(response.body, "IsTruncated") == "true") out.next_marker = text_of(response.body, "Marker");
  return out;
}

Result<void> parse_done(const http::Response& response) {
  if (!is_success(response)) return tl::unexpected(refused(response));
  return {};
}

}  // namespace lambdapool::aws::iam

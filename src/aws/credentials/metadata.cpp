#include "aws/credentials/metadata.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "aws/json_answer.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::aws::metadata {

namespace {

constexpr const char* six_hours = "21600";
constexpr const char* roles = "/latest/meta-data/iam/security-credentials/";

http::Request get(std::string target, const std::string& token) {
  http::Request request{"GET", std::move(target)};
  if (!token.empty()) request.headers.add("x-aws-ec2-metadata-token", token);
  return request;
}

}  // namespace

http::Request token_request(const std::string& base_path) {
  return {"PUT", base_path + "/latest/api/token", {{"x-aws-ec2-metadata-token-ttl-seconds", six_hours}}};
}

http::Request role_request(const std::string& base_path, const std::string& token) {
  return get(base_path + roles, token);
}

http::Request role_credentials_request(const std::string& base_path, const std::string& role,
                                       const std::string& token) {
  return get(base_path + roles + role, token);
}

http::Request region_request(const std::string& base_path, const std::string& token) {
  return get(base_path + "/latest/meta-data/placement/region", token);
}

http::Request container_request(const std::string& path_and_query, const std::string& authorization) {
  http::Request request{"GET", path_and_query, {{"Accept", "application/json"}}};
  if (!authorization.empty()) request.headers.add("Authorization", authorization);
  return request;
}

Result<Credentials> parse_credentials(const http::Response& response) {
  if (response.status != 200)
    return fail(ErrorKind::credentials, "it answered HTTP " + std::to_string(response.status));
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  Credentials out;
  out.identity = {text(answer, "AccessKeyId"), text(answer, "SecretAccessKey"), text(answer, "Token")};
  out.expires = parse_timestamp(text(answer, "Expiration"));
  const bool complete = !out.identity.access_key_id.empty() && !out.identity.secret_access_key.empty() &&
                        !out.identity.session_token.empty() && out.expires;
  if (!complete)
    return fail(ErrorKind::protocol,
                "its answer has not all of AccessKeyId, SecretAccessKey, Token and Expiration");
  return out;
}

bool is_allowed_container_host(const http::Endpoint& endpoint) {
  if (endpoint.scheme == http::Endpoint::Scheme::https) return true;
  if (endpoint.scheme != http::Endpoint::Scheme::http) return false;
  static constexpr std::string_view allowed[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
                                                 "localhost", "::1"};
  const bool digits = endpoint.host.find_first_not_of("0123456789.") == std::string::npos;
  if (digits && endpoint.host.starts_with("127.")) return true;
  return std::find(std::begin(allowed), std::end(allowed), endpoint.host) != std::end(allowed);
}

}  // namespace lambdapool::aws::metadata

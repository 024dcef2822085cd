#include "aws/credentials/sso.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"
#include "aws/service_error.hpp"
#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::aws::sso {

namespace {

using nlohmann::json;

constexpr std::chrono::seconds longest_life = std::chrono::years(1);

Result<json> answer_of(const http::Response& response) {
  if (response.status < 200 || response.status >= 300) return tl::unexpected(service_error(response));
  return json::parse(response.body, nullptr, false);
}

}  // namespace

bool Token::can_be_renewed(Time now) const {
  if (refresh_token.empty() || client_id.empty() || client_secret.empty()) return false;
  const auto registered_until = parse_timestamp(registration_expires_at);
  return registered_until && *registered_until > now;
}

std::string cache_file_name(const std::string& session_or_start_url) {
  return sha1_hex(session_or_start_url) + ".json";
}

Result<Token> parse_token(const std::string& text) {
  const auto file = json::parse(text, nullptr, false);
  if (!file.is_object()) return fail(ErrorKind::credentials, "is not the JSON that the AWS CLI writes");
  const auto expires_at = parse_timestamp(aws::text(file, "expiresAt"));
  Token token{aws::text(file, "accessToken"), expires_at.value_or(Time())};
  if (token.access_token.empty() || !expires_at)
    return fail(ErrorKind::credentials, "has no accessToken with a time at which it expires (expiresAt)");
  token.refresh_token = aws::text(file, "refreshToken");
  token.client_id = aws::text(file, "clientId");
  token.client_secret = aws::text(file, "clientSecret");
  token.registration_expires_at = aws::text(file, "registrationExpiresAt");
  return token;
}

std::string format_token(const Token& token, const std::string& start_url, const std::string& region) {
  json file = {{"startUrl", start_url},
               {"region", region},
               {"accessToken", token.access_token},
               {"expiresAt", format_timestamp(token.expires_at)},
               {"clientId", token.client_id},
               {"clientSecret", token.client_secret},
               {"registrationExpiresAt", token.registration_expires_at}};
  if (!token.refresh_token.empty()) file["refreshToken"] = token.refresh_token;
  // The address comes from a file that may have any bytes in it.
  return file.dump(-1, ' ', false, json::error_handler_t::replace);
}

http::Request create_token_request(const Token& token) {
  http::Request request{"POST", "/token", {{"Content-Type", "application/json"}}};
  request.body = json{{"clientId", token.client_id},
                      {"clientSecret", token.client_secret},
                      {"grantType", "refresh_token"},
                      {"refreshToken", token.refresh_token}}
                     .dump();
  return request;
}

Result<Token> parse_created_token(const http::Response& response, const Token& before, Time now) {
  const auto answer = answer_of(response);
  if (!answer) return tl::unexpected(answer.error());
  Token token = before;
  token.access_token = text(*answer, "accessToken");
  const auto lives_s = std::clamp<std::int64_t>(number(*answer, "expiresIn"), 0, longest_life.count());
  token.expires_at = now + std::chrono::seconds(lives_s);
  token.refresh_token = text(*answer, "refreshToken");
  if (token.access_token.empty()) return fail(ErrorKind::protocol, "the answer has no accessToken");
  return token;
}

http::Request get_role_credentials_request(const std::string& role, const std::string& account,
                                           const std::string& access_token) {
  return {
      "GET",
      "/federation/credentials?role_name=" + percent_encode(role) + "&account_id=" + percent_encode(account),
      {{"x-amz-sso_bearer_token", access_token}}};
}

Result<Credentials> parse_role_credentials(const http::Response& response) {
  const auto answer = answer_of(response);
  if (!answer) return tl::unexpected(answer.error());
  const auto& keys = member(*answer, "roleCredentials");
  Credentials out;
  out.identity = {text(keys, "accessKeyId"), text(keys, "secretAccessKey"), text(keys, "sessionToken")};
  const auto expires_ms = number(keys, "expiration");
  if (out.identity.access_key_id.empty() || out.identity.secret_access_key.empty() || expires_ms <= 0)
    return fail(ErrorKind::protocol, "the answer has no complete roleCredentials");
  out.expires =
      nearest_time(std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(expires_ms)));
  return out;
}

}  // namespace lambdapool::aws::sso

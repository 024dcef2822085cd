#include "gcp/credentials/token_requests.hpp"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"
#include "gcp/credentials/jwt.hpp"

namespace lambdapool::gcp {
namespace {

using nlohmann::json;

constexpr const char* google_tokens = "https://oauth2.googleapis.com/token";
constexpr const char* google_iam = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string target_of(const std::string& url) {
  const auto place = place_of(url);
  return place ? place->target : "/";
}

TokenRequest form_request(const std::string& url,
                          const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string body;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    body += (body.empty() ? "" : "&") + name + "=" + percent_encode(value);
  }
  return {url,
          {"POST", target_of(url), {{"Content-Type", "application/x-www-form-urlencoded"}}, std::move(body)}};
}

TokenRequest json_request(const std::string& url, const json& body, const std::string& token) {
  return {url,
          {"POST",
           target_of(url),
           {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + token}},
           dump(body)}};
}

void authenticate(TokenRequest& request, const std::string& client_id, const std::string& client_secret) {
  if (client_id.empty()) return;
  request.request.headers.set("Authorization", "Basic " + base64_encode(client_id + ":" + client_secret));
}

Result<TokenRequest> grant_request(const ServiceAccountKey& key, json claims, Time now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  claims.update({{"iss", key.email}, {"aud", google_tokens}, {"iat", seconds}, {"exp", seconds + 3'600}});
  const auto assertion = sign_jwt(dump(claims), key.key_id, key.private_key);
  if (!assertion) return tl::unexpected(assertion.error());
  return form_request(key.token_url, {{"assertion", *assertion},
                                      {"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}});
}

// What OAuth and Google's APIs say of what they refuse.
std::string refusal_in(const json& answer) {
  if (!answer.is_object()) return "";
  const auto error = answer.find("error");
  if (error == answer.end()) return "";
  if (error->is_object()) return error->value("message", "");
  const std::string name = error->is_string() ? error->get<std::string>() : "";
  const auto why = answer.find("error_description");
  return why != answer.end() && why->is_string() ? name + ": " + why->get<std::string>() : name;
}

Result<json> answer_in(const http::Response& response) {
  json answer = json::parse(response.body, nullptr, false);
  if (response.status != 200) {
    const auto said = refusal_in(answer);
    Error error{ErrorKind::credentials, "was answered with HTTP status " + std::to_string(response.status) +
                                            (said.empty() ? "" : " (" + said + ")")};
    error.http_status = response.status;
    return tl::unexpected(std::move(error));
  }
  if (!answer.is_object())
    return fail(ErrorKind::credentials, "was answered with something that is no JSON object");
  return answer;
}

Result<std::string> member_of(const json& answer, const char* name) {
  const auto found = answer.find(name);
  if (found != answer.end() && found->is_string() && !found->get_ref<const std::string&>().empty())
    return found->get<std::string>();
  return fail(ErrorKind::credentials, std::string("was answered without ") + name);
}

// Some services write it as text.
std::chrono::seconds lifetime_in(const json& answer) {
  const auto found = answer.find("expires_in");
  constexpr std::int64_t most = 366L * 24 * 3'600;
  std::int64_t seconds = 3'600;
  if (found != answer.end() && found->is_number()) seconds = static_cast<std::int64_t>(found->get<double>());
  if (found != answer.end() && found->is_string()) seconds = std::atoll(found->get<std::string>().c_str());
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, most));
}

Result<Token> token_in(const http::Response& response, const char* name) {
  const auto answer = answer_in(response);
  if (!answer) return tl::unexpected(answer.error());
  auto text = member_of(*answer, name);
  if (!text) return tl::unexpected(text.error());
  return Token{std::move(*text), {}, {}};
}

// "//iam..." as the file has it, and everything of it.
std::string quoted_json(const json& value) { return percent_encode(dump(value), Slash::keep); }

}  // namespace

Result<TokenPlace> place_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto path = scheme == std::string::npos ? scheme : url.find_first_of("/?", scheme + 3);
  const auto endpoint = http::Endpoint::parse(url.substr(0, path));
  if (scheme == std::string::npos || !endpoint)
    return fail(ErrorKind::credentials, "'" + url + "' is no URL such as https://host/path");
  std::string target = path == std::string::npos ? "/" : url.substr(path, url.find('#', path) - path);
  if (!target.starts_with('/')) target.insert(0, "/");
  return TokenPlace{*endpoint, std::move(target)};
}

Result<TokenRequest> key_grant_request(const ServiceAccountKey& key, const std::string& scope, Time now) {
  return grant_request(key, {{"scope", scope}}, now);
}

Result<TokenRequest> key_id_token_request(const ServiceAccountKey& key, const std::string& audience,
                                          Time now) {
  return grant_request(key, {{"target_audience", audience}}, now);
}

TokenRequest refresh_request(const SignedInUser& user) {
  return form_request(google_tokens, {{"grant_type", "refresh_token"},
                                      {"client_id", user.client_id},
                                      {"client_secret", user.client_secret},
                                      {"refresh_token", user.refresh_token}});
}

TokenRequest refresh_request(const FederatedUser& user) {
  auto request =
      form_request(user.token_url, {{"grant_type", "refresh_token"}, {"refresh_token", user.refresh_token}});
  authenticate(request, user.client_id, user.client_secret);
  return request;
}

TokenRequest exchange_request(const ExternalAccount& account, const std::string& subject_token,
                              const std::string& scope) {
  std::string options;
  // A client's id says by itself whose project it is.
  if (!account.user_project.empty() && account.client_id.empty())
    options = percent_encode(R"({"userProject": ")" + account.user_project + "\"}");
  auto request = form_request(account.token_url,
                              {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                               {"audience", account.audience},
                               {"scope", scope},
                               {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                               {"subject_token", subject_token},
                               {"subject_token_type", account.subject_token_type},
                               {"options", options}});
  authenticate(request, account.client_id, account.client_secret);
  return request;
}

TokenRequest act_as_request(const std::string& email, const std::string& url,
                            const std::vector<std::string>& delegates, const std::vector<std::string>& scopes,
                            int lifetime_seconds, const std::string& token) {
  return json_request(
      url.empty() ? google_iam + email + ":generateAccessToken" : url,
      {{"delegates", delegates}, {"scope", scopes}, {"lifetime", std::to_string(lifetime_seconds) + "s"}},
      token);
}

TokenRequest act_as_id_token_request(const std::string& email, const std::vector<std::string>& delegates,
                                     const std::string& audience, const std::string& token) {
  return json_request(google_iam + email + ":generateIdToken",
                      {{"audience", audience}, {"delegates", delegates}, {"includeEmail", true}}, token);
}

std::string aws_subject_token(const ExternalAccount& account, const std::string& identity_url,
                              const std::string& region, const sigv4::Identity& identity, Time now) {
  std::string url = identity_url;
  constexpr std::string_view hole = "{region}";
  if (const auto at = url.find(hole); at != std::string::npos) url.replace(at, hole.size(), region);
  const auto place = place_of(url);
  if (!place) return "";
  const std::string host = place->endpoint.host;
  std::string service = host.substr(0, host.find('.'));
  if (service.ends_with("-fips")) service.resize(service.size() - 5);
  const std::string date = sigv4::format_amz_date(now);
  sigv4::Message message{"POST", place->target, {{"host", host}, {"x-amz-date", date}}, {}};
  const std::string nothing = sha256_hex("");
  message.payload_sha256_hex = nothing;
  if (!identity.session_token.empty())
    message.headers.emplace_back("x-amz-security-token", identity.session_token);
  sigv4::Signer signer(identity, {region, service});
  json headers = json::array({{{"key", "Authorization"}, {"value", signer.authorization(message, date)}},
                              {{"key", "host"}, {"value", host}},
                              {{"key", "x-amz-date"}, {"value", date}}});
  if (!identity.session_token.empty())
    headers.push_back({{"key", "x-amz-security-token"}, {"value", identity.session_token}});
  headers.push_back({{"key", "x-goog-cloud-target-resource"}, {"value", account.audience}});
  return quoted_json({{"headers", headers}, {"method", "POST"}, {"url", url}});
}

Result<Token> parse_access_token(const http::Response& response, Time now) {
  const auto answer = answer_in(response);
  if (!answer) return tl::unexpected(answer.error());
  auto text = member_of(*answer, "access_token");
  if (!text) return tl::unexpected(text.error());
  return Token{std::move(*text), {}, now + lifetime_in(*answer)};
}

Result<Token> parse_id_token(const http::Response& response) {
  auto token = token_in(response, "id_token");
  if (token) token->expires = end_of_jwt(token->text);
  return token;
}

Result<Token> parse_acted_access_token(const http::Response& response) {
  const auto answer = answer_in(response);
  if (!answer) return tl::unexpected(answer.error());
  auto text = member_of(*answer, "accessToken");
  if (!text) return tl::unexpected(text.error());
  const auto end = member_of(*answer, "expireTime");
  const auto expires = end ? parse_timestamp(*end) : std::nullopt;
  if (!expires) return fail(ErrorKind::credentials, "was answered without an expireTime");
  return Token{std::move(*text), {}, expires};
}

Result<Token> parse_acted_id_token(const http::Response& response) {
  auto token = token_in(response, "token");
  if (token) token->expires = end_of_jwt(token->text);
  return token;
}

Result<std::string> subject_token_in(const std::string& text, const TokenFormat& format) {
  std::string token = text;
  if (!format.field.empty()) {
    const json object = json::parse(text, nullptr, false);
    const auto field = object.is_object() ? object.find(format.field) : object.end();
    if (field == object.end() || !field->is_string())
      return fail(ErrorKind::credentials, "holds no JSON object with a text " + format.field);
    token = field->get<std::string>();
  }
  if (token.empty()) return fail(ErrorKind::credentials, "is empty");
  return token;
}

Result<ProgramToken> subject_token_of_program(const std::string& output, Time now) {
  const json said = json::parse(output, nullptr, false);
  if (!said.is_object()) return fail(ErrorKind::credentials, "has printed something that is no JSON object");
  const auto number = [&](const char* name) {
    const auto found = said.find(name);
    return found != said.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  };
  const auto text = [&](const char* name) {
    const auto found = said.find(name);
    return found != said.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (number("version") != 1) return fail(ErrorKind::credentials, "has not printed \"version\": 1");
  if (const auto success = said.find("success"); success == said.end() || *success != true)
    return fail(ErrorKind::credentials, "has failed: " + text("code") + " " + text("message"));
  const auto end = number("expiration_time");
  const auto seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  if (end && *end < seconds) return fail(ErrorKind::credentials, "has printed a token that has expired");
  const std::string type = text("token_type");
  const bool is_saml = type == "urn:ietf:params:oauth:token-type:saml2";
  if (!is_saml && type != "urn:ietf:params:oauth:token-type:jwt" &&
      type != "urn:ietf:params:oauth:token-type:id_token")
    return fail(ErrorKind::credentials, "has printed a token of the unknown type '" + type + "'");
  ProgramToken token{text(is_saml ? "saml_response" : "id_token"), end.has_value()};
  if (token.text.empty()) return fail(ErrorKind::credentials, "has printed no token");
  return token;
}

}  // namespace lambdapool::gcp

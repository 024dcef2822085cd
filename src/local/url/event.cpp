#include "local/url/event.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/utf8.hpp"
#include "local/control/arn.hpp"
#include "local/control/function_config.hpp"
#include "local/control/router.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* loopback = "127.0.0.1";

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

void add_joined(Json& to, const std::string& name, const std::string& value) {
  const auto found = to.find(name);
  to[name] = found == to.end() ? value : found->get<std::string>() + "," + value;
}

// 12/Mar/2020:19:03:58 +0000
std::string access_log_time(std::int64_t at_ms) {
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = at_ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char rest[48];
  std::strftime(rest, sizeof rest, "/%Y:%H:%M:%S +0000", &utc);
  const std::string day = (utc.tm_mday < 10 ? "0" : "") + std::to_string(utc.tm_mday);
  return day + "/" + months[utc.tm_mon] + rest;
}

// As Lambda adds them; a signature has served its purpose.
Json event_headers(const UrlCall& call, const http::Request& request) {
  Json headers = Json::object();
  for (const auto& [name, value] : request.headers.items()) {
    const auto key = lower(name);
    if (key == "connection" || key.starts_with("x-forwarded-") ||
        (key == "authorization" && !call.access_key.empty()))
      continue;
    add_joined(headers, key, value);
  }
  const auto host = request.headers.get("host");
  const auto colon = host.rfind(':');
  headers["x-forwarded-for"] = loopback;
  headers["x-forwarded-proto"] = "http";
  headers["x-forwarded-port"] =
      colon == std::string_view::npos ? std::string("80") : std::string(host.substr(colon + 1));
  return headers;
}

Json cookies_of(const http::Request& request) {
  Json cookies = Json::array();
  for (const auto& [name, value] : request.headers.items()) {
    if (!http::equal_ignoring_case(name, "cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const auto begin = one.find_first_not_of(' ');
      if (begin != std::string_view::npos) cookies.push_back(one.substr(begin));
    }
  }
  return cookies;
}

Json parameters_of(std::string_view query) {
  Json parameters = Json::object();
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.empty()) continue;
    add_joined(parameters, decode_query(pair.substr(0, equals)),
               equals == std::string_view::npos ? "" : decode_query(pair.substr(equals + 1)));
  }
  return parameters;
}

Json authorizer_of(const std::string& access_key) {
  const std::string account(account_id);
  return {{"iam",
           {{"accessKey", access_key},
            {"accountId", account},
            {"callerId", account},
            {"cognitoIdentity", nullptr},
            {"principalOrgId", nullptr},
            {"userArn", "arn:aws:iam::" + account + ":root"},
            {"userId", account}}}};
}

// The path as it is meant, beside rawPath, as it was asked for.
std::string decoded_path(std::string_view path) {
  while (path.starts_with("//")) path.remove_prefix(1);
  return percent_decode(path);
}

Json context_of(const UrlCall& call, const http::Request& request, std::string_view path) {
  const bool is_signed = !call.access_key.empty();
  Json context{{"accountId", is_signed ? std::string(account_id) : std::string("anonymous")},
               {"apiId", call.address.id}};
  if (is_signed) context["authorizer"] = authorizer_of(call.access_key);
  context["domainName"] = call.domain;
  context["domainPrefix"] = call.address.id;
  context["http"] = {{"method", request.method},
                     {"path", decoded_path(path)},
                     {"protocol", "HTTP/1.1"},
                     {"sourceIp", loopback},
                     {"userAgent", request.headers.get("user-agent")}};
  context["requestId"] = call.request_id;
  context["routeKey"] = "$default";
  context["stage"] = "$default";
  context["time"] = access_log_time(call.at_ms);
  context["timeEpoch"] = call.at_ms;
  return context;
}

// Of other types, a form's among them, Lambda takes the body for binary.
bool is_text(const http::Request& request) {
  const auto type = lower(std::string(request.headers.get("content-type")));
  for (const char* word : {"text", "json", "xml", "javascript"})
    if (type.find(word) != std::string::npos) return utf8::is_valid(request.body);
  return false;
}

}  // namespace

std::string url_event(const UrlCall& call, const http::Request& request) {
  const std::string_view target = call.address.target;
  const auto path = target.substr(0, target.find('?'));
  const auto query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
  Json event{{"version", "2.0"}, {"routeKey", "$default"}, {"rawPath", path}, {"rawQueryString", query}};
  if (auto cookies = cookies_of(request); !cookies.empty()) event["cookies"] = std::move(cookies);
  event["headers"] = event_headers(call, request);
  if (auto parameters = parameters_of(query); !parameters.empty())
    event["queryStringParameters"] = std::move(parameters);
  event["requestContext"] = context_of(call, request, path);
  const bool encoded = !request.body.empty() && !is_text(request);
  if (!request.body.empty()) event["body"] = encoded ? base64_encode(request.body) : request.body;
  event["isBase64Encoded"] = encoded;
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace lambdapool::local

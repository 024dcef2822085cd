// Gets tokens as it is told to, so that tests/python/test_google_credentials.py can compare with google-auth.
// Each line of standard input is a JSON object: "environment", "answers" (a list of "url", by which requests
// are known by their beginnings, with "status", "headers" and "body"), "now" in seconds, and perhaps
// "audience"; each line of standard output is what was asked, and what came of it.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/timestamp.hpp"
#include "identity/google_source.hpp"

namespace {

using namespace lambdapool;
using nlohmann::json;

http::Answer answer_of(const json& answers, const std::string& url) {
  for (const auto& each : answers) {
    if (!url.starts_with(each.at("url").get<std::string>())) continue;
    http::Response response{each.at("status").get<int>(), {}, each.at("body").get<std::string>()};
    for (const auto& [name, value] : each.at("headers").items())
      response.headers.add(name, value.get<std::string>());
    return response;
  }
  return tl::unexpected(
      http::TransportError{http::TransportError::Reached::no, {ErrorKind::credentials, "nobody is there"}});
}

json shown(const std::string& url, const http::Request& request) {
  json headers = json::object();
  for (const auto& header : request.headers.items()) headers[header.name] = header.value;
  return {{"method", request.method}, {"url", url}, {"headers", headers}, {"body", request.body}};
}

json answer(const json& asked) {
  json requests = json::array();
  identity::GoogleOptions options;
  options.environment = Environment(asked.at("environment").get<std::map<std::string, std::string>>());
  options.clock = [&] { return gcp::Time(std::chrono::seconds(asked.at("now").get<std::int64_t>())); };
  options.send = [&](const std::string& url, const http::Request& request) {
    requests.push_back(shown(url, request));
    return answer_of(asked.at("answers"), url);
  };
  identity::GoogleSource source(options);
  const auto token = asked.contains("audience") ? source.id_token(asked.at("audience").get<std::string>())
                                                : source.access_token();
  json out{{"requests", requests}, {"error", token ? "" : token.error().message}};
  if (token) out["token"] = token->text;
  if (token && token->expires) out["expires"] = format_timestamp(*token->expires);
  const auto project = source.project("");
  out["project"] = project ? project->value : "";
  const auto quota = source.quota_project();
  out["quota_project"] = quota ? *quota : "";
  return out;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(json::parse(line)).dump() << std::endl;
  return 0;
}

// Resolves credentials, region and endpoints as it is told to, so that tests/python/test_identity_oracle.py
// can compare with botocore. Each line of standard input is a JSON object: "environment", and perhaps
// "profile" and "services"; each line of standard output is what came of it.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "aws/endpoint.hpp"
#include "core/timestamp.hpp"
#include "identity/source_fetcher.hpp"

namespace {

using namespace lambdapool;
using nlohmann::json;

json credentials_of(identity::SourceFetcher& fetcher) {
  const auto found = fetcher.fetch();
  if (!found) return {{"error", found.error().message}};
  return {{"method", found->method},
          {"source", found->source},
          {"access_key_id", found->identity.access_key_id},
          {"secret_access_key", found->identity.secret_access_key},
          {"session_token", found->identity.session_token},
          {"expires", found->expires ? format_timestamp(*found->expires) : ""}};
}

json answer(const json& asked) {
  identity::FetchOptions options;
  options.environment = Environment(asked.at("environment").get<std::map<std::string, std::string>>());
  if (asked.contains("profile")) options.given.profile = asked.at("profile").get<std::string>();
  json out;
  identity::SourceFetcher fetcher(options);
  if (!asked.contains("services")) out["credentials"] = credentials_of(fetcher);
  const auto region = fetcher.region();
  out["region"] = region ? *region : "";
  if (!asked.contains("services")) return out;
  for (const auto& service : asked.at("services")) {
    const auto name = service.get<std::string>();
    const auto url = aws::resolve_endpoint_url(options.given, options.environment, name, region.value_or(""));
    out["urls"][name] = url ? *url : "";
  }
  return out;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(json::parse(line)).dump() << std::endl;
  return 0;
}

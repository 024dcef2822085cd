// Says which proxy it would take, so that tests/python/test_proxy_oracle.py can compare with botocore.
// Each line of standard input is {"environment": {...}, "url": "..."}; each of standard output is
// {"proxy": URL or null, "authorization": text}.
#include <iostream>
#include <nlohmann/json.hpp>

#include "http/proxy.hpp"

int main() {
  using namespace lambdapool::http;
  for (std::string line; std::getline(std::cin, line);) {
    const auto question = nlohmann::json::parse(line);
    const ProxySettings settings(question.at("environment").get<std::map<std::string, std::string>>());
    const auto proxy = settings.choose(*Endpoint::parse(question.at("url").get<std::string>()));
    nlohmann::json answer = {{"proxy", nullptr}, {"authorization", ""}};
    if (!proxy) answer["error"] = proxy.error().message;
    if (proxy && *proxy)
      answer = {{"proxy", (*proxy)->endpoint.url()}, {"authorization", (*proxy)->authorization}};
    std::cout << answer << '\n';
  }
  return 0;
}

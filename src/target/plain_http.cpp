#include "target/plain_http.hpp"

#include <arpa/inet.h>

#include <string>

#include "core/ascii.hpp"

namespace lambdapool::target {

bool is_plain_http_allowed(const Environment& environment) {
  const std::string value = ascii::lower(environment.get("LAMBDAPOOL_ALLOW_HTTP").value_or(""));
  return value == "1" || value == "true" || value == "yes" || value == "on";
}

bool is_loopback(std::string_view host) {
  const std::string name = ascii::lower(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  in_addr four{};
  if (::inet_pton(AF_INET, name.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, name.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

Result<void> refuse_plain_http(const http::Endpoint& endpoint, const std::optional<http::Proxy>& proxy) {
  const bool leaves = !is_loopback(endpoint.host) || (proxy && !is_loopback(proxy->endpoint.host));
  if (endpoint.scheme != http::Endpoint::Scheme::http || !leaves) return {};
  return fail(
      ErrorKind::invalid_argument,
      "the Lambda endpoint " + endpoint.url() +
          " is plain http to another machine, where anybody on the way can read what is sent and answer in "
          "its place with code that runs here; use https, or allow it for a network that you trust with "
          "LAMBDAPOOL_ALLOW_HTTP=1");
}

}  // namespace lambdapool::target

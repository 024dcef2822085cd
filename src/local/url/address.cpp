#include "local/url/address.hpp"

#include <algorithm>

namespace lambdapool::local {
namespace {

constexpr std::string_view middle = ".lambda-url.";
constexpr std::string_view top = ".localhost";
constexpr std::string_view path_prefix = "/lambda-url/";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Of a bracketed IPv6 address, which has no id, any cut will do.
std::string name_of(std::string_view host) {
  std::string name(host.substr(0, host.find(':')));
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace

std::optional<UrlAddress> url_address(const http::Request& head, std::string_view region) {
  const std::string name = name_of(head.headers.get("host"));
  if (const auto at = name.find(middle); at != std::string::npos && at > 0 && name.ends_with(top)) {
    const auto place = std::string_view(name).substr(at + middle.size());
    const bool here = place.substr(0, place.size() - std::min(place.size(), top.size())) == region;
    return UrlAddress{here ? name.substr(0, at) : "", head.target, false};
  }
  if (!head.target.starts_with(path_prefix)) return std::nullopt;
  const auto rest = std::string_view(head.target).substr(path_prefix.size());
  const auto id = rest.substr(0, rest.find_first_of("/?"));
  std::string target(rest.substr(id.size()));
  if (!target.starts_with('/')) target.insert(0, "/");
  return UrlAddress{std::string(id), std::move(target), true};
}

std::string function_url(std::string_view id, std::string_view region, std::string_view host) {
  const auto bracket = host.rfind(']');
  const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const auto port = colon == std::string_view::npos ? std::string_view() : host.substr(colon);
  return "http://" + std::string(id) + std::string(middle) + std::string(region) + std::string(top) +
         std::string(port) + "/";
}

}  // namespace lambdapool::local

#include "http/message.hpp"

#include <algorithm>
#include <charconv>

namespace lambdapool::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_host(std::string_view host) {
  return !host.empty() && host.find_first_of(" \t\r\n/@?#\\") == std::string_view::npos;
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65'535) return {};
  return port;
}

int default_port(Endpoint::Scheme scheme) { return scheme == Endpoint::Scheme::https ? 443 : 80; }

// "[::1]" for a literal IPv6 address, the host itself otherwise.
std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool breaks_lines(std::string_view text) {
  constexpr auto none = std::string_view::npos;
  return text.find('\n') != none || text.find('\r') != none || text.find('\0') != none;
}

bool breaks_lines(const Headers& headers) {
  return std::ranges::any_of(headers.items(), [](const Header& header) {
    return breaks_lines(header.name) || breaks_lines(header.value);
  });
}

std::string header_lines(const Headers& headers) {
  std::string lines;
  for (const auto& header : headers.items())
    lines.append(header.name).append(": ").append(header.value).append("\r\n");
  return lines;
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  add(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(items_, [&](const Header& header) { return equal_ignoring_case(header.name, name); });
}

const std::string* Headers::find(std::string_view name) const {
  for (const auto& header : items_) {
    if (equal_ignoring_case(header.name, name)) return &header.value;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

std::string Endpoint::host_header() const {
  if (scheme == Scheme::unix_socket) return "localhost";
  return port == default_port(scheme) ? bracketed(host) : bracketed(host) + ":" + std::to_string(port);
}

std::string Endpoint::url() const {
  if (scheme == Scheme::unix_socket) return "unix:" + path;
  return (scheme == Scheme::https ? "https://" : "http://") + host_header();
}

std::optional<Endpoint> Endpoint::parse(std::string_view url) {
  Endpoint endpoint;
  auto take = [&](std::string_view prefix) {
    if (!equal_ignoring_case(url.substr(0, prefix.size()), prefix)) return false;
    url.remove_prefix(prefix.size());
    return true;
  };
  if (take("unix:")) {
    if (url.starts_with("//")) url.remove_prefix(2);
    if (!url.starts_with('/')) return {};
    endpoint.scheme = Scheme::unix_socket;
    endpoint.port = 0;
    endpoint.path = url;
    return endpoint;
  }
  if (take("https://")) {
    endpoint.scheme = Scheme::https;
  } else if (take("http://")) {
    endpoint.scheme = Scheme::http;
  } else {
    return {};
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  std::string_view host = url;
  std::optional<std::string_view> port;
  if (url.starts_with('[')) {
    auto close = url.find(']');
    if (close == std::string_view::npos) return {};
    host = url.substr(1, close - 1);
    auto rest = url.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return {};
    if (!rest.empty()) port = rest.substr(1);
  } else if (auto colon = url.find(':'); colon != std::string_view::npos) {
    host = url.substr(0, colon);
    port = url.substr(colon + 1);
  }
  if (!is_host(host)) return {};
  endpoint.host = host;
  endpoint.port = default_port(endpoint.scheme);
  if (port) {
    auto number = parse_port(*port);
    if (!number) return {};
    endpoint.port = *number;
  }
  return endpoint;
}

}  // namespace lambdapool::http

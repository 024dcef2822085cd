#include "local/control/admission.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace lambdapool::local {
namespace {

struct HostAndPort {
  std::string name;  // lower case, without brackets and without a final dot
  int port = 0;      // 0: none was given
};

std::optional<HostAndPort> parse_host(std::string_view text) {
  HostAndPort parsed;
  const auto end = text.starts_with('[') ? text.find(']') : text.find(':');
  auto name = text.substr(0, end);
  auto rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  if (text.starts_with('[')) {
    if (rest.empty()) return std::nullopt;
    name.remove_prefix(1);
    rest.remove_prefix(1);
  }
  if (!rest.empty()) {
    const auto [stop, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), parsed.port);
    const bool number = rest[0] == ':' && error == std::errc() && stop == rest.data() + rest.size();
    if (!number || parsed.port < 1 || parsed.port > 65'535) return std::nullopt;
  }
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return std::nullopt;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool allowed = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                         std::string_view("-._:").find(c) != std::string_view::npos;
    if (!allowed) return std::nullopt;
    parsed.name += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return parsed;
}

// Names that lead to this machine wherever they are looked up: no DNS server can say otherwise.
bool is_loopback(const std::string& name) {
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

tl::unexpected<Refusal> denied(std::string message) {
  return refuse(403, "AccessDeniedException", std::move(message));
}

}  // namespace

OrRefusal<void> Admission::judge(const http::Request& head, const http::Caller& caller) const {
  if (auto known = judge_caller(head, caller); !known) return known;
  return judge_origin(head);
}

OrRefusal<void> Admission::judge_caller(const http::Request& head, const http::Caller& caller) const {
  if (auto user = check_user(caller); !user) return user;
  return check_host(head, caller);
}

// A browser says where a request comes from; nothing else does. "none" is an address typed by its user.
OrRefusal<void> Admission::judge_origin(const http::Request& head) const {
  const auto site = head.headers.get("sec-fetch-site");
  if (head.headers.find("origin") == nullptr && (site.empty() || site == "none")) return {};
  return denied("The local Lambda takes no requests from web pages (this one has the header " +
                std::string(head.headers.find("origin") != nullptr ? "Origin" : "Sec-Fetch-Site") + ").");
}

OrRefusal<void> Admission::check_user(const http::Caller& caller) const {
  if (options_.any_user || caller.uid == ::geteuid()) return {};
  const std::string who = caller.uid ? "user " + std::to_string(*caller.uid)
                                     : std::string("a process that this machine does not know the user of");
  return denied("The local Lambda serves processes of user " + std::to_string(::geteuid()) +
                " only, and this request is from " + who + "; 'lambdapool serve --any-user' lets all in.");
}

OrRefusal<void> Admission::check_host(const http::Request& head, const http::Caller& caller) const {
  const auto& items = head.headers.items();
  const auto count = std::count_if(items.begin(), items.end(), [](const http::Header& header) {
    return http::equal_ignoring_case(header.name, "host");
  });
  const std::string given(head.headers.get("host"));
  const auto host = count == 1 ? parse_host(given) : std::nullopt;
  if (!host) return denied("The request needs one Host header such as 127.0.0.1:9001.");
  const bool ours = caller.port == 0 || host->port == caller.port || (host->port == 0 && caller.port == 80);
  if (ours && is_loopback(host->name)) return {};
  for (const auto& option : options_.hosts) {
    const auto named = parse_host(option);
    if (named && named->name == host->name && (named->port == 0 || named->port == host->port)) return {};
  }
  return denied("The local Lambda does not answer to '" + given +
                "': call it by localhost or 127.0.0.1 with its port, or name other hosts with "
                "'lambdapool serve --host NAME'.");
}

bool is_host(std::string_view text) { return parse_host(text).has_value(); }

}  // namespace lambdapool::local

#include "http/proxy.hpp"

#include "core/ascii.hpp"
#include "core/encoding.hpp"

namespace lambdapool::http {
namespace {

using ascii::lower;
using ascii::trimmed;

// "host" of "host:443"; a colon without digits only behind it belongs to the host.
std::string_view without_port(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  const bool digits = authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return digits ? authority.substr(0, colon) : authority;
}

}  // namespace

Result<Proxy> Proxy::parse(std::string_view url, const std::string& variable) {
  std::string whole(trimmed(url));
  if (whole.starts_with("//")) whole = "http:" + whole;
  if (whole.find("://") == std::string::npos) whole = "http://" + whole;
  const auto begin = whole.find("://") + 3;
  whole.resize(std::min(whole.size(), whole.find_first_of("/?#", begin)));  // a proxy has no path
  Proxy proxy;
  if (const auto at = whole.rfind('@'); at != std::string::npos && at >= begin) {
    const auto user_info = whole.substr(begin, at - begin);
    whole.erase(begin, at + 1 - begin);
    const auto colon = user_info.find(':');
    const auto user = percent_decode(std::string_view(user_info).substr(0, colon));
    const auto password =
        colon == std::string::npos ? "" : percent_decode(std::string_view(user_info).substr(colon + 1));
    proxy.authorization = "Basic " + base64_encode(user + ":" + password);
  }
  auto endpoint = Endpoint::parse(whole);
  if (!endpoint || endpoint->scheme == Endpoint::Scheme::unix_socket) {
    // A password with a slash in it has been cut there, and its first part is in what is left.
    const bool may_be_secret = url.find('@') != std::string_view::npos;
    const std::string shown = may_be_secret ? "" : " (" + whole + ")";
    return fail(ErrorKind::invalid_argument, variable + " does not hold a proxy's URL" + shown +
                                                 "; one looks like http://user:password@host:3128 with "
                                                 "special characters percent-encoded, and only "
                                                 "http and https proxies are supported");
  }
  proxy.endpoint = std::move(*endpoint);
  proxy.variable = variable;
  return proxy;
}

bool is_bypassed(std::string_view no_proxy, std::string_view authority) {
  if (no_proxy == "*") return true;
  const std::string whole = lower(authority);
  const std::string_view host = without_port(whole);
  for (std::size_t begin = 0; begin <= no_proxy.size();) {
    const auto end = std::min(no_proxy.find(',', begin), no_proxy.size());
    auto name = trimmed(no_proxy.substr(begin, end - begin));
    begin = end + 1;
    if (name.empty()) continue;
    name.remove_prefix(std::min(name.find_first_not_of('.'), name.size()));
    const std::string exact = lower(name);
    const std::string below = "." + exact;
    if (host == exact || whole == exact || host.ends_with(below) || whole.ends_with(below)) return true;
  }
  return false;
}

// What urllib's getproxies_environment has under `kind`: "http", "https" or "no".
std::optional<ProxySettings::Setting> ProxySettings::read(const Environment& environment,
                                                          std::string_view kind) {
  std::optional<Setting> any, exact;
  bool switched_off = false;
  for (const auto& [name, value] : environment) {
    if (lower(name) != std::string(kind) + "_proxy") continue;
    if (!value.empty()) any = Setting{name, value};
    if (!name.ends_with("_proxy")) continue;
    if (value.empty()) {
      switched_off = true;
    } else {
      exact = Setting{name, value};
    }
  }
  if (exact) return exact;
  const bool is_cgi = kind == "http" && environment.contains("REQUEST_METHOD");
  return switched_off || is_cgi ? std::nullopt : any;
}

ProxySettings::ProxySettings(const Environment& environment)
    : http_(read(environment, "http")), https_(read(environment, "https")), no_(read(environment, "no")) {}

Result<std::optional<Proxy>> ProxySettings::choose(const Endpoint& endpoint) const {
  const auto& chosen = endpoint.scheme == Endpoint::Scheme::https ? https_ : http_;
  if (!chosen || endpoint.scheme == Endpoint::Scheme::unix_socket) return std::nullopt;
  if (no_ && is_bypassed(no_->value, endpoint.host_header())) return std::nullopt;
  return Proxy::parse(chosen->value, chosen->variable).map([](Proxy&& proxy) {
    return std::optional(std::move(proxy));
  });
}

}  // namespace lambdapool::http

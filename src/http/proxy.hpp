// Which proxy a request goes through: the environment's proxy variables, read as botocore reads them (which
// is Python's urllib). No sockets.
//
// A variable counts in any case (HTTPS_PROXY, https_proxy); where both spellings are set the lower one wins,
// and an empty lower one switches the proxy off. HTTP_PROXY is not trusted where REQUEST_METHOD is set: in a
// CGI program it is a header that the client sent. ALL_PROXY and addresses with a mask in NO_PROXY mean
// nothing, as they mean nothing to botocore.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

struct Proxy {
  Endpoint endpoint;               // http or https: how the proxy itself is spoken to
  std::string authorization = {};  // the Proxy-Authorization header's value, or ""
  std::string variable = {};       // that named it, for messages: "HTTPS_PROXY"

  // "proxy.example:3128", "http://user:p%40ss@proxy:3128", "https://[::1]:3129". Error kind
  // invalid_argument; its message does not repeat the URL's password.
  static Result<Proxy> parse(std::string_view url, const std::string& variable);
};

// Whether NO_PROXY's value names the host: "*", a name, a domain above it (with a leading dot or without),
// each with a port or without. `authority` is what a URL has between "//" and "/": "host", "host:port".
bool is_bypassed(std::string_view no_proxy, std::string_view authority);

// What the environment says about proxies. Without an environment: no proxy for anything.
class ProxySettings {
 public:
  ProxySettings() = default;
  explicit ProxySettings(const std::map<std::string, std::string>& environment);

  // The proxy for `endpoint`, if there is one. Error kind invalid_argument: it is not a URL.
  Result<std::optional<Proxy>> choose(const Endpoint& endpoint) const;

 private:
  struct Setting {
    std::string variable;
    std::string value;
  };
  using Environment = std::map<std::string, std::string>;
  static std::optional<Setting> read(const Environment& environment, std::string_view kind);

  std::optional<Setting> http_;
  std::optional<Setting> https_;
  std::optional<Setting> no_;
};

}  // namespace lambdapool::http

#include "deploy/code/code_fetch.hpp"

#include <algorithm>

#include "core/encoding.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"

namespace lambdapool::deploy {
namespace {

constexpr std::chrono::seconds fetch_timeout{120};
constexpr std::uint64_t zip_bytes_max = 300ull << 20;

}  // namespace

std::optional<std::string> fetch_code(const Session& session, const std::string& url,
                                      const std::string& sha256_base64) {
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const auto path = std::min(url.find('/', scheme_end + 3), url.size());
  auto endpoint = http::Endpoint::parse(url.substr(0, path));
  const target::Target& target = session.target();
  if (!endpoint) return std::nullopt;
  const bool local = target.endpoint.scheme == http::Endpoint::Scheme::unix_socket;
  if (local && endpoint->host == target.endpoint.host_header()) endpoint = target.endpoint;
  // An emulator on this machine that names AWS's own store has made the address up.
  if (target.endpoint.scheme != http::Endpoint::Scheme::https && endpoint->scheme != target.endpoint.scheme)
    return std::nullopt;
  http::EventLoop loop;
  http::ClientOptions options;
  options.endpoint = *endpoint;
  options.ca_bundle = target.settings.ca_bundle;
  options.proxies = target.proxies;
  options.max_response_bytes = zip_bytes_max;
  http::Client client(loop, std::move(options));
  http::Request request{"GET", path < url.size() ? url.substr(path) : "/"};
  request.headers.set("Host", endpoint->host_header());
  auto answer = client.call(std::move(request), fetch_timeout);
  if (!answer || answer->status != 200 || ::lambdapool::sha256_base64(answer->body) != sha256_base64)
    return std::nullopt;
  return std::move(answer->body);
}

}  // namespace lambdapool::deploy

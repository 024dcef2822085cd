#include "objects/remote.hpp"

#include <algorithm>
#include <cstring>
#include <thread>

#include "aws/s3/s3.hpp"
#include "aws/xml_answer.hpp"
#include "core/encoding.hpp"
#include "core/environment.hpp"
#include "core/random.hpp"
#include "core/retry.hpp"
#include "http/client.hpp"

namespace lambdapool::objects {
namespace {

constexpr std::chrono::minutes transfer_within{5};

struct Place {
  http::Endpoint endpoint;
  std::string target;
};

Result<Place> place_of(const std::string& url) {
  constexpr std::string_view unix_scheme = "http+unix://";
  const bool is_unix = url.starts_with(unix_scheme);
  const auto scheme_end = url.find("://");
  const auto slash = scheme_end == std::string::npos ? scheme_end : url.find('/', scheme_end + 3);
  if (slash == std::string::npos) return fail(ErrorKind::protocol, "the data's URL is none");
  if (is_unix) {
    const auto name =
        percent_decode(std::string_view(url).substr(unix_scheme.size(), slash - unix_scheme.size()));
    return Place{{http::Endpoint::Scheme::unix_socket, {}, 0, name}, url.substr(slash)};
  }
  auto endpoint = http::Endpoint::parse(url.substr(0, slash));
  if (!endpoint) return fail(ErrorKind::protocol, "the data's URL is none");
  return Place{std::move(*endpoint), url.substr(slash)};
}

class Connection {
 public:
  explicit Connection(Place place) : place_(std::move(place)) {
    http::ClientOptions options;
    options.endpoint = place_.endpoint;
    if (place_.endpoint.scheme != http::Endpoint::Scheme::unix_socket)
      options.proxies = http::ProxySettings(Environment::of_this_process().all());
    client_.emplace(loop_, std::move(options));
  }

  template <class Make>
  Result<http::Response> call(Make make) {
    retry::Attempts attempts;
    retry::Budget budget;
    for (;;) {
      auto answer = client_->call(make(place_.target), transfer_within);
      if (answer && answer->status / 100 == 2) return std::move(*answer);
      Error error = answer ? aws::xml::refused(*answer) : std::move(answer.error().error);
      if (!error.code.empty()) error.message += " (" + error.code + ")";
      const auto delay = attempts.failed(retry::classify(error), budget, random_fraction());
      if (!delay) return tl::unexpected(std::move(error));
      std::this_thread::sleep_for(*delay);
    }
  }

 private:
  Place place_;
  http::EventLoop loop_;
  std::optional<http::Client> client_;
};

}  // namespace

Result<void> fetch(const std::string& url, char* into, std::uint64_t size) {
  auto place = place_of(url);
  if (!place) return tl::unexpected(place.error());
  Connection connection(std::move(*place));
  for (std::uint64_t begin = 0; begin < size; begin += aws::s3::part_bytes) {
    const auto length = std::min<std::uint64_t>(aws::s3::part_bytes, size - begin);
    const auto answer = connection.call([&](const std::string& target) {
      http::Request request{"GET", target, {}, {}};
      request.headers.set("Range",
                          "bytes=" + std::to_string(begin) + "-" + std::to_string(begin + length - 1));
      return request;
    });
    if (!answer) return tl::unexpected(answer.error());
    if (answer->body.size() != length)
      return fail(ErrorKind::protocol, "the object has another size than what was sent");
    std::memcpy(into + begin, answer->body.data(), length);
  }
  return {};
}

Result<void> put(const std::string& url, std::string_view bytes) {
  auto place = place_of(url);
  if (!place) return tl::unexpected(place.error());
  Connection connection(std::move(*place));
  const auto answer = connection.call([&](const std::string& target) {
    return http::Request{"PUT", target, {}, std::string(bytes)};
  });
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

}  // namespace lambdapool::objects

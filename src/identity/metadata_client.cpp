#include "identity/metadata_client.hpp"

#include <optional>

#include "aws/credentials/metadata.hpp"
#include "identity/token_file.hpp"

namespace lambdapool::identity {

namespace {

using namespace std::chrono_literals;
namespace metadata = aws::metadata;

constexpr Patience container_patience{2s, 2s};
constexpr int container_attempts = 3;

class Instance {
 public:
  Instance(const aws::InstanceMetadata& settings, Exchange& exchange)
      : settings_(settings), exchange_(exchange) {}

  // Where a token cannot be had, version 1 may still answer: in a container one hop too far from the service
  // the token's answer is dropped. nullopt: there is nobody.
  std::optional<std::string> token() {
    if (settings_.disabled) return std::nullopt;
    for (int attempt = 0; attempt < settings_.attempts; ++attempt) {
      const auto answer = send(metadata::token_request(settings_.base_path));
      if (answer && answer->status == 200) return answer->body;
      const bool silent = !answer && answer.error().error.kind == ErrorKind::timed_out;
      const bool unknown =
          answer && (answer->status == 403 || answer->status == 404 || answer->status == 405);
      const bool version1 = settings_.version1 == aws::InstanceMetadata::Version1::allowed;
      if (silent || unknown) return version1 ? std::optional(std::string()) : std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<http::Response> ask(const http::Request& request) {
    for (int attempt = 0; attempt < settings_.attempts; ++attempt) {
      const auto answer = send(request);
      if (answer && answer->status == 200 && !answer->body.empty()) return *answer;
    }
    return std::nullopt;
  }

 private:
  http::Answer send(const http::Request& request) {
    return exchange_.send(settings_.endpoint, request, {settings_.timeout, settings_.timeout},
                          Exchange::Route::direct);
  }

  const aws::InstanceMetadata& settings_;
  Exchange& exchange_;
};

struct Url {
  http::Endpoint endpoint;
  std::string target;
};

std::optional<Url> parse_url(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return std::nullopt;
  const auto path = url.find_first_of("/?", scheme + 3);
  const auto endpoint = http::Endpoint::parse(url.substr(0, path));
  if (!endpoint) return std::nullopt;
  std::string target;
  if (path != std::string::npos) target = url.substr(path, url.find('#', path) - path);
  if (!target.starts_with('/')) target = std::string("/").append(target);
  return Url{*endpoint, target};
}

Result<std::string> authorization(const aws::Container& container) {
  auto token = container.token;
  if (!container.token_file.empty()) {
    auto read = read_token_file(container.token_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!read) return read;
    token = *std::move(read);
  }
  if (token.find_first_of("\r\n") == std::string::npos) return token;
  return fail(ErrorKind::credentials,
              "the container's authorization token has a line break in it, which no header can carry");
}

}  // namespace

Result<aws::Credentials> ask_instance(const aws::InstanceMetadata& instance, Exchange& exchange) {
  const auto nothing = [&] { return fail(ErrorKind::credentials, instance.nothing_there); };
  Instance service(instance, exchange);
  const auto token = service.token();
  if (!token) return nothing();
  const auto role = service.ask(metadata::role_request(instance.base_path, *token));
  if (!role) return nothing();
  const auto answer = service.ask(metadata::role_credentials_request(instance.base_path, role->body, *token));
  if (!answer) return nothing();
  auto credentials = metadata::parse_credentials(*answer);
  if (credentials) return credentials;
  return nothing();
}

Result<std::string> ask_instance_region(const aws::InstanceMetadata& instance, Exchange& exchange) {
  Instance service(instance, exchange);
  const auto token = service.token();
  const auto answer =
      token ? service.ask(metadata::region_request(instance.base_path, *token)) : std::nullopt;
  if (answer) return answer->body;
  return fail(ErrorKind::invalid_argument, instance.nothing_there);
}

Result<aws::Credentials> ask_container(const aws::Container& container, Exchange& exchange) {
  const std::string about = "the container's credentials at " + container.url + " are not to be had: ";
  const auto url = parse_url(container.url);
  if (!url) return fail(ErrorKind::credentials, about + "that is not a URL");
  if (!metadata::is_allowed_container_host(url->endpoint)) {
    return fail(ErrorKind::credentials, about +
                                            "without TLS only loopback, 169.254.170.2, 169.254.170.23 and "
                                            "fd00:ec2::23 may be asked for secrets");
  }
  const auto token = authorization(container);
  if (!token) return tl::unexpected(token.error());
  Error error;
  for (int attempt = 0; attempt < container_attempts; ++attempt) {
    if (attempt > 0 && !exchange.pause(1s)) break;
    const auto answer = exchange.send(url->endpoint, metadata::container_request(url->target, *token),
                                      container_patience, Exchange::Route::direct);
    auto credentials = answer ? metadata::parse_credentials(*answer)
                              : Result<aws::Credentials>(tl::unexpected(answer.error().error));
    if (credentials) return credentials;
    error = std::move(credentials.error());
  }
  error.message = about + error.message;
  if (error.kind != ErrorKind::cancelled) error.kind = ErrorKind::credentials;
  return tl::unexpected(std::move(error));
}

}  // namespace lambdapool::identity

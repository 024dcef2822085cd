#include "target/google.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "gcp/credentials/configuration.hpp"
#include "identity/google_source.hpp"
#include "target/plain_http.hpp"

namespace lambdapool::target {
namespace {

// Asks again for a token of one kind, behind the back of whoever has begun.
class TokenFetcher final : public identity::FetcherOf<gcp::Token> {
 public:
  TokenFetcher(identity::GoogleOptions options, std::string audience)
      : source_(std::move(options)), audience_(std::move(audience)) {}

  Result<gcp::Token> fetch() override {
    return audience_.empty() ? source_.access_token() : source_.id_token(audience_);
  }
  void stop() override { source_.stop(); }

 private:
  identity::GoogleSource source_;
  const std::string audience_;  // "": for Google's APIs
};

Result<std::shared_ptr<identity::Tokens>> open_tokens(const identity::GoogleOptions& options,
                                                      const std::string& audience) {
  auto first = TokenFetcher(options, audience).fetch();
  if (!first) return tl::unexpected(std::move(first.error()));
  auto later = options;
  later.give_up = nullptr;
  return std::make_shared<identity::Tokens>(std::move(*first),
                                            std::make_unique<TokenFetcher>(std::move(later), audience));
}

// As projects and locations are spelled; what else there may be has no business in a path.
bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '.';
  });
}

Result<std::string> checked(const gcp::Setting& setting, const std::string& what, const std::string& ways) {
  if (setting.value.empty())
    return fail(ErrorKind::invalid_argument,
                "the target gcp needs a " + what + ", and nothing names one: " + ways);
  if (!is_name(setting.value))
    return fail(ErrorKind::invalid_argument,
                "'" + setting.value + "' (from " + setting.from + ") is no " + what + " of Google Cloud");
  return setting.value;
}

Result<http::Endpoint> endpoint_of(const gcp::Configuration& configuration, const std::string& api,
                                   const TargetOptions& options, const Environment& environment,
                                   const http::ProxySettings& proxies) {
  const std::string given = configuration.value("api_endpoint_overrides/" + api);
  const auto place = gcp::place_of(given.empty() ? "https://" + api + ".googleapis.com/" : given);
  if (!place)
    return fail(ErrorKind::invalid_argument, "api_endpoint_overrides/" + api + ": " + place.error().message);
  const auto proxy = proxies.choose(place->endpoint);
  if (!proxy) return tl::unexpected(proxy.error());
  if (!options.allow_http && !is_plain_http_allowed(environment))
    if (auto safe = refuse_plain_http(place->endpoint, *proxy); !safe) return tl::unexpected(safe.error());
  return place->endpoint;
}

std::string authorities(const Environment& environment) {
  for (const char* name : {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "REQUESTS_CA_BUNDLE"})
    if (const auto given = environment.get(name)) return *given;
  return "";
}

}  // namespace

Result<Target> resolve_gcp(const TargetOptions& options, const Environment& environment) {
  Target target;
  target.name = "gcp";
  target.proxies = http::ProxySettings(environment.all());
  target.settings.ca_bundle = authorities(environment);
  Google google;
  google.source.environment = environment;
  google.source.connection.ca_bundle = target.settings.ca_bundle;
  google.source.connection.proxies = target.proxies;
  google.source.give_up = options.give_up;
  identity::GoogleSource source(google.source);
  const auto project = source.project(options.project.value_or("")).and_then([](const gcp::Setting& found) {
    return checked(found, "project", "give --project, or set GOOGLE_CLOUD_PROJECT");
  });
  if (!project) return tl::unexpected(project.error());
  const auto region = source.region(options.aws.region.value_or("")).and_then([](const gcp::Setting& found) {
    return checked(found, "region", "give --region, or 'gcloud config set run/region REGION'");
  });
  if (!region) return tl::unexpected(region.error());
  const auto configuration = gcp::Configuration::of(environment);
  const std::pair<const char*, http::Endpoint*> apis[] = {{"run", &target.endpoint},
                                                          {"storage", &google.storage},
                                                          {"logging", &google.logging},
                                                          {"serviceusage", &google.service_usage},
                                                          {"cloudresourcemanager", &google.resource_manager}};
  for (const auto& [api, endpoint] : apis) {
    auto found = endpoint_of(configuration, api, options, environment, target.proxies);
    if (!found) return tl::unexpected(found.error());
    *endpoint = std::move(*found);
  }
  auto quota = source.quota_project();
  if (!quota) return tl::unexpected(quota.error());
  auto tokens = open_tokens(google.source, "");
  if (!tokens) return tl::unexpected(tokens.error());
  google.project = *project;
  google.quota_project = std::move(*quota);
  google.tokens = std::move(*tokens);
  target.region = *region;
  target.google = std::move(google);
  return target;
}

Result<std::shared_ptr<identity::Tokens>> tokens_for(const Google& google, const std::string& audience) {
  return open_tokens(google.source, audience);
}

}  // namespace lambdapool::target

#include "target/target.hpp"

#include <unistd.h>

#include <memory>
#include <utility>

#include "aws/endpoint.hpp"
#include "aws/s3/s3.hpp"
#include "core/descriptor_limit.hpp"
#include "identity/source_fetcher.hpp"
#include "identity/terminal.hpp"
#include "local/objects/s3_service.hpp"
#include "local/service.hpp"
#include "target/google.hpp"
#include "target/identities.hpp"
#include "target/local_lambda.hpp"
#include "target/plain_http.hpp"

namespace lambdapool::target {
namespace {

constexpr std::size_t descriptors_of_a_pool = 12;  // its event loop, a connection or two, and credentials

Result<std::shared_ptr<LocalLambda>> embedded_for(const TargetOptions& options,
                                                  const Environment& environment) {
  const auto named =
      options.home ? Result<std::filesystem::path>(*options.home) : local::default_home(environment);
  if (!named) return tl::unexpected(named.error());
  std::error_code unresolved;
  auto home = std::filesystem::weakly_canonical(*named, unresolved);
  if (unresolved) home = *named;
  return embedded_local_lambda({.home = home,
                                .region = aws::resolve_region(options.aws, environment).value_or("us-east-1"),
                                .environment = environment,
                                .python = options.python});
}

Result<Target> resolve_local(const TargetOptions& options, const Environment& environment) {
  auto embedded = embedded_for(options, environment);
  if (!embedded) return tl::unexpected(std::move(embedded.error()));
  Target target;
  target.name = "local";
  target.endpoint = (*embedded)->service->endpoint();
  target.bucket = local::transit_bucket;
  target.objects = (*embedded)->service->objects_endpoint();
  target.objects_incoming = (*embedded)->service->objects_incoming();
  target.region = (*embedded)->region;
  target.provider = std::make_shared<identity::Provider>(
      aws::Credentials{.identity = (*embedded)->identity, .source = "the embedded local Lambda"});
  if ((*embedded)->owner == ::getpid()) {
    target.in_process = std::shared_ptr<http::InProcess>(*embedded, &(*embedded)->service->in_process());
    target.expect = [lambda = *embedded](const std::string& function) { lambda->service->expect(function); };
  }
  target.service = std::move(*embedded);
  return target;
}

// The local Cloud Run. Its project and location are names alone: by them functions are told apart.
Result<Target> resolve_gcp_local(const TargetOptions& options, const Environment& environment) {
  auto embedded = embedded_for(options, environment);
  if (!embedded) return tl::unexpected(std::move(embedded.error()));
  Target target;
  target.name = "gcp-local";
  target.endpoint = (*embedded)->service->endpoint();
  target.region = options.aws.region.value_or(environment.get("GOOGLE_CLOUD_REGION").value_or("us-central1"));
  Google google;
  google.project = options.project.value_or(environment.get("GOOGLE_CLOUD_PROJECT").value_or("local"));
  google.tokens = std::make_shared<identity::Tokens>(gcp::Token{(*embedded)->token, "the local Cloud Run"});
  google.storage = google.logging = target.endpoint;
  target.google = std::move(google);
  target.service = std::move(*embedded);
  return target;
}

// Only where there is a bucket: S3's endpoint may be set up in a way that does not matter else.
Result<void> find_bucket(Target& target, const TargetOptions& options, const Environment& environment,
                         const http::ProxySettings& proxies, const std::string& region) {
  if (options.bucket.empty()) return {};
  if (!aws::s3::is_bucket_name(options.bucket))
    return fail(ErrorKind::invalid_argument,
                "'" + options.bucket +
                    "' is not the name of an S3 bucket: those have 3 to 63 of a-z, 0-9, '-' and '.'");
  const auto url = aws::resolve_endpoint_url(options.aws, environment, "s3", region);
  if (!url) return tl::unexpected(url.error());
  auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint)
    return fail(ErrorKind::invalid_argument,
                "the S3 endpoint '" + *url + "' is not a URL such as https://host:port");
  const auto proxy = proxies.choose(*endpoint);
  if (!proxy) return tl::unexpected(proxy.error());
  if (!options.allow_http && !is_plain_http_allowed(environment)) {
    if (auto safe = refuse_plain_http(*endpoint, *proxy); !safe) return safe;
  }
  target.bucket = options.bucket;
  target.objects = std::move(*endpoint);
  return {};
}

Result<Target> resolve_aws(const TargetOptions& options, const Environment& environment) {
  auto settings = aws::resolve_client_settings(options.aws, environment);
  if (!settings) return tl::unexpected(std::move(settings.error()));
  identity::FetchOptions fetch;
  fetch.given = options.aws;
  fetch.environment = environment;
  fetch.connection.ca_bundle = settings->ca_bundle;
  fetch.max_attempts = settings->max_attempts;
  fetch.connection.proxies = http::ProxySettings(environment.all());
  fetch.give_up = options.give_up;
  fetch.ask = [give_up = options.give_up](const std::string& question) {
    return identity::ask_on_terminal(question, give_up);
  };
  auto provider = find_or_open(fetch);
  if (!provider) return tl::unexpected(std::move(provider.error()));
  auto region = identity::SourceFetcher(fetch).region();
  if (!region) return tl::unexpected(std::move(region.error()));
  auto url = aws::resolve_endpoint_url(options.aws, environment, "lambda", *region);
  if (!url) return tl::unexpected(std::move(url.error()));
  auto endpoint = http::Endpoint::parse(*url);
  if (!endpoint) {
    return fail(ErrorKind::invalid_argument,
                "the Lambda endpoint '" + *url + "' is not a URL such as https://host:port");
  }
  auto proxy = fetch.connection.proxies.choose(*endpoint);
  if (!proxy) return tl::unexpected(std::move(proxy.error()));
  if (!options.allow_http && !is_plain_http_allowed(environment)) {
    if (auto safe = refuse_plain_http(*endpoint, *proxy); !safe)
      return tl::unexpected(std::move(safe.error()));
  }
  Target target;
  if (auto found = find_bucket(target, options, environment, fetch.connection.proxies, *region); !found)
    return tl::unexpected(std::move(found.error()));
  target.name = "aws";
  target.endpoint = std::move(*endpoint);
  target.region = std::move(*region);
  target.provider = std::move(*provider);
  target.settings = std::move(*settings);
  target.proxies = std::move(fetch.connection.proxies);
  return target;
}

}  // namespace

Result<Target> resolve(const TargetOptions& options, const Environment& environment) {
  raise_descriptor_limit();
  if (auto room = require_descriptors(descriptors_of_a_pool, "lambdapool"); !room)
    return tl::unexpected(room.error());
  const bool from_environment = !options.target;
  const std::string name =
      options.target ? *options.target : environment.get("LAMBDAPOOL_TARGET").value_or("aws");
  const bool is_google = name == "gcp" || name == "gcp-local";
  if (options.project && !is_google)
    return fail(ErrorKind::invalid_argument,
                "the target '" + name + "' has no projects: --project is for 'gcp' and 'gcp-local'");
  if (options.aws.profile && is_google)
    return fail(ErrorKind::invalid_argument,
                "the target '" + name +
                    "' knows no profiles of AWS: gcloud's configuration is named by "
                    "CLOUDSDK_ACTIVE_CONFIG_NAME instead of --profile");
  if ((options.aws.access_key_id || options.aws.secret_access_key || options.aws.session_token) && is_google)
    return fail(
        ErrorKind::invalid_argument,
        "the target '" + name +
            "' knows no keys of AWS: GOOGLE_APPLICATION_CREDENTIALS names a file of Google's credentials");
  if (name == "local") return resolve_local(options, environment);
  if (name == "aws") return resolve_aws(options, environment);
  if (name == "gcp") return resolve_gcp(options, environment);
  if (name == "gcp-local") return resolve_gcp_local(options, environment);
  return fail(ErrorKind::invalid_argument, "there is no target '" + name + "'" +
                                               (from_environment ? " (from LAMBDAPOOL_TARGET)" : "") +
                                               "; it is 'aws', 'local', 'gcp' or 'gcp-local'");
}

}  // namespace lambdapool::target

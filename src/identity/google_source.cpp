#include "identity/google_source.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "aws/credentials/process_credentials.hpp"
#include "core/encoding.hpp"
#include "core/named_fifo.hpp"
#include "core/whole_number.hpp"
#include "identity/google_metadata.hpp"
#include "process/process.hpp"

namespace lambdapool::identity {
namespace {

using namespace std::chrono_literals;

constexpr int attempts_max = 3;
constexpr Patience token_patience{10s, 30s};

tl::unexpected<Error> refused(const std::string& about, Error error) {
  if (error.kind != ErrorKind::cancelled) error.kind = ErrorKind::credentials;
  error.message = about + " " + error.message;
  return tl::unexpected(std::move(error));
}

bool may_pass(int status) { return status == 408 || status == 429 || status >= 500; }

// Secrets go over TLS, but to this machine and to the metadata services of clouds.
bool may_be_plain(const std::string& host) {
  return host == "localhost" || host.starts_with("127.") || host == "::1" || host.starts_with("169.254.") ||
         host.starts_with("fd00:") || host == "metadata.google.internal";
}

std::optional<std::string> content_of(const std::string& path) {
  auto file = open_to_read(path);
  if (!file.is_open()) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const auto& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

Result<gcp::Token> named(Result<gcp::Token> token, const std::string& source) {
  if (!token) return refused("no token is to be had with " + source + ": it", std::move(token.error()));
  token->source = source;
  return token;
}

}  // namespace

GoogleSource::GoogleSource(GoogleOptions options)
    : options_(std::move(options)), exchange_(options_.connection, options_.give_up) {}

Result<GoogleSource::Found> GoogleSource::read(const std::string& path, const std::string& named_by) {
  const auto text = content_of(path);
  if (!text)
    return fail(ErrorKind::credentials,
                "the file of Google's credentials " + path + " (" + named_by + ") cannot be read");
  auto file = gcp::parse_credentials_file(*text, path);
  if (!file) return tl::unexpected(file.error());
  const std::string what = file->what() + " in " + path;
  return Found{std::move(*file), what};
}

Result<GoogleSource::Found> GoogleSource::find() {
  if (const auto given = options_.environment.get("GOOGLE_APPLICATION_CREDENTIALS"))
    return read(*given, "from GOOGLE_APPLICATION_CREDENTIALS");
  const auto left = gcp::gcloud_directory(options_.environment) / "application_default_credentials.json";
  std::error_code none;
  if (std::filesystem::is_regular_file(left, none)) return read(left.string(), "of gcloud's sign-in");
  if (is_on_google()) return Found{Metadata{}, "the service account of this machine"};
  if (exchange_.is_given_up()) return fail(ErrorKind::cancelled, "cancelled while asking for credentials");
  return fail(ErrorKind::credentials,
              "no credentials for Google Cloud: GOOGLE_APPLICATION_CREDENTIALS names no file, there is no " +
                  left.string() +
                  ", and this machine has no metadata server. Sign in with 'gcloud auth application-default "
                  "login', or run functions on this machine with --target gcp-local.");
}

http::Answer GoogleSource::send_once(const std::string& url, const http::Request& request,
                                     Patience patience) {
  if (options_.send) return options_.send(url, request);
  const auto place = gcp::place_of(url);
  if (!place) return tl::unexpected(http::TransportError{http::TransportError::Reached::no, place.error()});
  const bool plain = place->endpoint.scheme == http::Endpoint::Scheme::http;
  const auto host = google_metadata::host(options_.environment);
  const bool is_metadata = place->endpoint.host_header() == host || place->endpoint.host == host;
  if (plain && !may_be_plain(place->endpoint.host) && !is_metadata)
    return tl::unexpected(http::TransportError{
        http::TransportError::Reached::no,
        {ErrorKind::credentials, "'" + url + "' would be asked for a token without TLS"}});
  return exchange_.send(place->endpoint, request, patience,
                        plain ? Exchange::Route::direct : Exchange::Route::as_configured);
}

Result<http::Response> GoogleSource::send(const gcp::TokenRequest& request) {
  for (int attempt = 1;; ++attempt) {
    auto answer = send_once(request.url, request.request, token_patience);
    const bool again = answer ? may_pass(answer->status)
                              : answer.error().error.kind == ErrorKind::network ||
                                    answer.error().error.kind == ErrorKind::timed_out;
    if (again && attempt < attempts_max && exchange_.pause(1s * attempt)) continue;
    if (answer) return std::move(*answer);
    auto error = std::move(answer.error().error);
    error.message = "got no answer from " + request.url + ": " + error.message;
    return tl::unexpected(std::move(error));
  }
}

Result<std::string> GoogleSource::text_at(const std::string& url, http::Request request) {
  const auto place = gcp::place_of(url);
  if (!place) return tl::unexpected(place.error());
  request.target = place->target;
  const auto answer = send({url, std::move(request)});
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200)
    return fail(ErrorKind::credentials,
                "is answered by " + url + " with HTTP status " + std::to_string(answer->status));
  return answer->body;
}

Result<std::string> GoogleSource::subject_token(const gcp::ExternalAccount&, const gcp::TokenInFile& file) {
  const auto text = content_of(file.path);
  if (!text) return fail(ErrorKind::credentials, "has its token in " + file.path + ", which cannot be read");
  auto token = gcp::subject_token_in(*text, file.format);
  if (!token) return refused("has its token in " + file.path + ", which", token.error());
  return token;
}

Result<std::string> GoogleSource::subject_token(const gcp::ExternalAccount&, const gcp::TokenAtUrl& at) {
  http::Request request;
  for (const auto& [name, value] : at.headers) request.headers.add(name, value);
  const auto text = text_at(at.url, std::move(request));
  if (!text) return text;
  auto token = gcp::subject_token_in(*text, at.format);
  if (!token) return refused("has its token at " + at.url + ", whose answer", token.error());
  return token;
}

Result<std::string> GoogleSource::subject_token(const gcp::ExternalAccount& account,
                                                const gcp::TokenOfProgram& program) {
  if (options_.environment.get("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES") != "1")
    return fail(ErrorKind::credentials,
                "has its token from the program '" + program.command +
                    "', which may only run with GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1");
  if (!program.output_file.empty()) {
    const auto kept = content_of(program.output_file);
    const auto token = kept ? gcp::subject_token_of_program(*kept, options_.clock())
                            : fail(ErrorKind::credentials, "has kept nothing");
    if (token && token->has_end) return token->text;
  }
  const auto command = aws::split_command(program.command);
  if (!command)
    return refused("has its token from the program '" + program.command + "', which", command.error());
  auto variables = options_.environment.all();
  variables["GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE"] = account.audience;
  variables["GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE"] = account.subject_token_type;
  variables["GOOGLE_EXTERNAL_ACCOUNT_ID"] = account.impersonated_email();
  variables["GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE"] = "0";
  variables["GOOGLE_EXTERNAL_ACCOUNT_REVOKE"] = "0";
  if (!account.impersonation_url.empty())
    variables["GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL"] = account.impersonated_email();
  if (!program.output_file.empty()) variables["GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE"] = program.output_file;
  const auto ended =
      process::run(*command, Environment(std::move(variables)),
                   {.time = program.time, .give_up = [this] { return exchange_.is_given_up(); }});
  const std::string about = "has its token from the program '" + program.command + "', which";
  if (!ended) return refused(about + " did not end well:", ended.error());
  if (ended->exit_status != 0)
    return fail(ErrorKind::credentials, about + " ended with status " + std::to_string(ended->exit_status) +
                                            ": " + process::last_lines(ended->errors + ended->output, 3));
  std::string said = ended->output;
  if (said.empty() && !program.output_file.empty()) said = content_of(program.output_file).value_or("");
  auto token = gcp::subject_token_of_program(said, options_.clock());
  if (!token) return refused(about, token.error());
  return std::move(token->text);
}

Result<std::string> GoogleSource::aws_region(const gcp::TokenOfAws& aws, const http::Headers& session) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (const auto given = options_.environment.get(name)) return *given;
  if (aws.region_url.empty())
    return fail(ErrorKind::credentials,
                "is an AWS identity, whose region neither AWS_REGION nor a region_url says");
  auto zone = text_at(aws.region_url, {.headers = session});
  if (zone && !zone->empty()) zone->pop_back();
  return zone;
}

Result<sigv4::Identity> GoogleSource::aws_identity(const gcp::TokenOfAws& aws, const http::Headers& session) {
  const auto& environment = options_.environment;
  const auto id = environment.get("AWS_ACCESS_KEY_ID");
  const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
  if (id && secret) return sigv4::Identity{*id, *secret, environment.get("AWS_SESSION_TOKEN").value_or("")};
  if (aws.role_url.empty())
    return fail(ErrorKind::credentials,
                "is an AWS identity, for which neither AWS_ACCESS_KEY_ID nor a url is set");
  const auto role = text_at(aws.role_url, {.headers = session});
  if (!role) return tl::unexpected(role.error());
  const auto keys = text_at(aws.role_url + "/" + *role, {.headers = session});
  if (!keys) return tl::unexpected(keys.error());
  return google_metadata::parse_aws_keys(*keys);
}

Result<std::string> GoogleSource::subject_token(const gcp::ExternalAccount& account,
                                                const gcp::TokenOfAws& aws) {
  http::Headers session;
  const bool has_keys =
      options_.environment.get("AWS_ACCESS_KEY_ID") && options_.environment.get("AWS_SECRET_ACCESS_KEY");
  const bool has_region =
      options_.environment.get("AWS_REGION") || options_.environment.get("AWS_DEFAULT_REGION");
  if (!aws.session_url.empty() && (!has_keys || !has_region)) {
    const auto token = text_at(
        aws.session_url, {.method = "PUT", .headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}}});
    if (!token) return token;
    session = {{"X-aws-ec2-metadata-token", *token}};
  }
  const auto region = aws_region(aws, session);
  if (!region) return region;
  const auto identity = aws_identity(aws, session);
  if (!identity) return tl::unexpected(identity.error());
  return gcp::aws_subject_token(account, aws.identity_url, *region, *identity, options_.clock());
}

Result<gcp::Token> GoogleSource::access_of(const gcp::ExternalAccount& account, const Scopes& scopes) {
  const auto subject =
      std::visit([&](const auto& source) { return subject_token(account, source); }, account.source);
  if (!subject) return tl::unexpected(subject.error());
  const bool acts = !account.impersonation_url.empty();
  const auto answer = send(gcp::exchange_request(account, *subject, acts ? gcp::iam_scope : joined(scopes)));
  if (!answer) return tl::unexpected(answer.error());
  auto token = gcp::parse_access_token(*answer, options_.clock());
  if (!token || !acts) return token;
  const auto acted = send(gcp::act_as_request(account.impersonated_email(), account.impersonation_url, {},
                                              scopes, account.lifetime_seconds, token->text));
  if (!acted) return tl::unexpected(acted.error());
  return gcp::parse_acted_access_token(*acted);
}

Result<gcp::Token> GoogleSource::access_of(const gcp::CredentialsFile& file, const Scopes& scopes) {
  const auto ask = [&](const Result<gcp::TokenRequest>& request) -> Result<gcp::Token> {
    if (!request) return tl::unexpected(request.error());
    const auto answer = send(*request);
    if (!answer) return tl::unexpected(answer.error());
    return gcp::parse_access_token(*answer, options_.clock());
  };
  if (const auto* key = std::get_if<gcp::ServiceAccountKey>(&file.kind))
    return ask(gcp::key_grant_request(*key, joined(scopes), options_.clock()));
  if (const auto* user = std::get_if<gcp::SignedInUser>(&file.kind)) return ask(gcp::refresh_request(*user));
  if (const auto* user = std::get_if<gcp::FederatedUser>(&file.kind)) return ask(gcp::refresh_request(*user));
  if (const auto* account = std::get_if<gcp::ExternalAccount>(&file.kind)) return access_of(*account, scopes);
  const auto& account = std::get<gcp::ImpersonatedAccount>(file.kind);
  const auto token = access_of(*account.as_whom, {gcp::iam_scope});
  if (!token) return token;
  const auto acted =
      send(gcp::act_as_request(account.email, "", account.delegates,
                               account.scopes.empty() ? scopes : account.scopes, 3'600, token->text));
  if (!acted) return tl::unexpected(acted.error());
  return gcp::parse_acted_access_token(*acted);
}

Result<gcp::Token> GoogleSource::id_of(const gcp::CredentialsFile& file, const std::string& audience) {
  if (const auto* key = std::get_if<gcp::ServiceAccountKey>(&file.kind)) {
    const auto request = gcp::key_id_token_request(*key, audience, options_.clock());
    if (!request) return tl::unexpected(request.error());
    const auto answer = send(*request);
    if (!answer) return tl::unexpected(answer.error());
    return gcp::parse_id_token(*answer);
  }
  std::string email;
  std::vector<std::string> delegates;
  Result<gcp::Token> token = gcp::Token{};
  if (const auto* account = std::get_if<gcp::ImpersonatedAccount>(&file.kind)) {
    email = account->email;
    delegates = account->delegates;
    token = access_of(*account->as_whom, {gcp::iam_scope});
  } else if (const auto* outside = std::get_if<gcp::ExternalAccount>(&file.kind)) {
    email = outside->impersonated_email();
    auto own = *outside;
    own.impersonation_url.clear();
    if (!email.empty()) token = access_of(own, {gcp::iam_scope});
  }
  if (email.empty())
    return fail(
        ErrorKind::credentials,
        "makes no ID tokens, which calls to a function need: act as a service account that may call it, "
        "with CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT=ACCOUNT or 'gcloud auth application-default "
        "login --impersonate-service-account ACCOUNT'");
  if (!token) return token;
  const auto acted = send(gcp::act_as_id_token_request(email, delegates, audience, token->text));
  if (!acted) return tl::unexpected(acted.error());
  return gcp::parse_acted_id_token(*acted);
}

Result<gcp::Token> GoogleSource::access_token() {
  const auto found = find();
  if (!found) return tl::unexpected(found.error());
  const std::string actor = acts_as();
  const Scopes scopes{actor.empty() ? gcp::platform_scope : gcp::iam_scope};
  auto token = access_at(*found, scopes);
  if (!token || actor.empty()) return named(std::move(token), found->name);
  const auto acted = send(gcp::act_as_request(actor, "", {}, {gcp::platform_scope}, 3'600, token->text));
  if (!acted) return named(tl::unexpected(acted.error()), found->name);
  return named(gcp::parse_acted_access_token(*acted), actor + ", as whom acts " + found->name);
}

Result<gcp::Token> GoogleSource::id_token(const std::string& audience) {
  const auto found = find();
  if (!found) return tl::unexpected(found.error());
  if (const std::string actor = acts_as(); !actor.empty()) {
    const auto token = access_at(*found, {gcp::iam_scope});
    if (!token) return named(token, found->name);
    const auto acted = send(gcp::act_as_id_token_request(actor, {}, audience, token->text));
    if (!acted) return named(tl::unexpected(acted.error()), found->name);
    return named(gcp::parse_acted_id_token(*acted), actor + ", as whom acts " + found->name);
  }
  if (const auto* file = std::get_if<gcp::CredentialsFile>(&found->where))
    return named(id_of(*file, audience), found->name);
  const auto answer = ask_metadata(
      "instance/service-accounts/default/identity?audience=" + percent_encode(audience) + "&format=full");
  if (!answer) return named(tl::unexpected(answer.error()), found->name);
  return named(google_metadata::parse_identity(*answer), found->name);
}

Result<gcp::Token> GoogleSource::access_at(const Found& found, const Scopes& scopes) {
  if (const auto* file = std::get_if<gcp::CredentialsFile>(&found.where)) return access_of(*file, scopes);
  const auto answer =
      ask_metadata("instance/service-accounts/default/token?scopes=" + percent_encode(joined(scopes)));
  if (!answer) return tl::unexpected(answer.error());
  return gcp::parse_access_token(*answer, options_.clock());
}

std::string GoogleSource::acts_as() const {
  return gcp::Configuration::of(options_.environment).value("auth/impersonate_service_account");
}

bool GoogleSource::is_on_google() {
  const auto& environment = options_.environment;
  if (environment.get("NO_GCE_CHECK") == "true") return false;
  for (int attempt = 0; attempt < google_metadata::attempts(environment); ++attempt) {
    const auto answer =
        send_once(google_metadata::ping_url(environment), google_metadata::request("/"), metadata_patience());
    if (answer) return answer->status == 200 && answer->headers.get("Metadata-Flavor") == "Google";
    if (answer.error().error.kind == ErrorKind::cancelled) return false;
  }
  return content_of("/sys/class/dmi/id/product_name").value_or("").starts_with("Google");
}

Patience GoogleSource::metadata_patience() const {
  const auto seconds = google_metadata::patience(options_.environment);
  return {seconds, seconds};
}

Result<http::Response> GoogleSource::ask_metadata(const std::string& path) {
  const std::string target = "/computeMetadata/v1/" + path;
  return send(
      {"http://" + google_metadata::host(options_.environment) + target, google_metadata::request(target)});
}

Result<gcp::Setting> GoogleSource::project(const std::string& given) {
  const auto configuration = gcp::Configuration::of(options_.environment);
  auto known = gcp::project_of(given, options_.environment, configuration, "");
  if (!known.value.empty() && known.from != "gcloud's configuration") return known;
  const auto found = find();
  if (!found) return known.value.empty() ? Result<gcp::Setting>(tl::unexpected(found.error())) : known;
  if (const auto* file = std::get_if<gcp::CredentialsFile>(&found->where))
    return gcp::project_of(given, options_.environment, configuration, file->project);
  if (!known.value.empty()) return known;
  const auto answer = ask_metadata("project/project-id");
  if (!answer || answer->status != 200) return known;
  return gcp::Setting{answer->body, "the metadata server"};
}

Result<gcp::Setting> GoogleSource::region(const std::string& given) {
  auto known = gcp::region_of(given, options_.environment, gcp::Configuration::of(options_.environment));
  if (!known.value.empty()) return known;
  const auto found = find();
  if (!found || std::holds_alternative<gcp::CredentialsFile>(found->where)) return known;
  const auto answer = ask_metadata("instance/region");
  if (!answer || answer->status != 200) return known;
  return gcp::Setting{answer->body.substr(answer->body.rfind('/') + 1), "the metadata server"};
}

Result<std::string> GoogleSource::quota_project() {
  if (const auto given = options_.environment.get("GOOGLE_CLOUD_QUOTA_PROJECT")) return *given;
  const auto found = find();
  if (!found) return tl::unexpected(found.error());
  const auto* file = std::get_if<gcp::CredentialsFile>(&found->where);
  return file == nullptr ? "" : file->quota_project;
}

}  // namespace lambdapool::identity

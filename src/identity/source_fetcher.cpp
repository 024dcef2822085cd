#include "identity/source_fetcher.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "aws/credentials/process_credentials.hpp"
#include "aws/credentials/sts.hpp"
#include "aws/endpoint.hpp"
#include "core/timestamp.hpp"
#include "identity/metadata_client.hpp"
#include "identity/single_sign_on.hpp"
#include "identity/token_file.hpp"
#include "process/process.hpp"

namespace lambdapool::identity {

namespace {

// Whatever kept a source from answering, the user hears of it as a matter of credentials.
tl::unexpected<Error> refuse(const std::string& about, Error error) {
  if (error.kind != ErrorKind::cancelled) error.kind = ErrorKind::credentials;
  error.message = about + ": " + error.message;
  return tl::unexpected(std::move(error));
}

// What has come out of a file often ends with its line break.
Result<void> check_form(const sigv4::Identity& identity, const std::string& source) {
  const std::pair<const char*, const std::string*> parts[] = {
      {"access key id", &identity.access_key_id},
      {"secret access key", &identity.secret_access_key},
      {"session token", &identity.session_token}};
  for (const auto& [name, value] : parts) {
    const auto breaks_lines = [](unsigned char c) { return c < ' ' || c == 127; };
    if (std::none_of(value->begin(), value->end(), breaks_lines)) continue;
    return fail(ErrorKind::credentials, "the " + std::string(name) + " from " + source +
                                            " has a line break or the like in it; take that out");
  }
  return {};
}

tl::unexpected<Error> given_up() {
  return fail(ErrorKind::cancelled, "cancelled while asking for credentials");
}

}  // namespace

SourceFetcher::SourceFetcher(FetchOptions options)
    : options_(std::move(options)),
      exchange_(options_.connection, options_.give_up),
      call_(options_.given, options_.environment, exchange_, options_.clock, options_.max_attempts) {}

Result<aws::Credentials> SourceFetcher::fetch() {
  const auto files = aws::SharedFiles::read(options_.environment);
  if (!files) return tl::unexpected(files.error());
  const auto source = aws::choose_source(options_.given, options_.environment, *files);
  if (!source) return tl::unexpected(source.error());
  auto credentials = ask(*source);
  if (!credentials && exchange_.is_given_up()) return given_up();
  if (!credentials) return credentials;
  // Instance metadata in trouble hands out keys past their time, which work for as long as the trouble lasts.
  const bool may_be_old = std::holds_alternative<aws::InstanceMetadata>(source->kind);
  if (credentials->expires && *credentials->expires <= call_.now() && !may_be_old) {
    return fail(ErrorKind::credentials, "the AWS credentials from " + source->name + " expired at " +
                                            format_timestamp(*credentials->expires) + "; get new ones");
  }
  if (auto whole = check_form(credentials->identity, source->name); !whole)
    return tl::unexpected(whole.error());
  credentials->source = source->name;
  credentials->method = source->method;
  return credentials;
}

Result<std::string> SourceFetcher::region() {
  auto region = aws::resolve_region(options_.given, options_.environment);
  if (region) return region;
  const auto profile = aws::load_profile(options_.given.profile, options_.environment);
  if (!profile || region.error().kind != ErrorKind::invalid_argument) return region;
  if (!profile->merged.get("region").empty() || options_.given.region) return region;  // it is a wrong one
  auto instance = aws::instance_metadata(options_.environment, *profile);
  if (!instance) return tl::unexpected(std::move(instance.error()));
  const auto found =
      instance->disabled ? Result<std::string>(region) : ask_instance_region(*instance, exchange_);
  if (!found && exchange_.is_given_up()) return given_up();
  return found ? aws::checked_region(*found, "the instance metadata") : region;
}

Result<aws::Credentials> SourceFetcher::ask(const aws::CredentialSource& source) {
  return std::visit([this](const auto& kind) { return ask(kind); }, source.kind);
}

Result<aws::Credentials> SourceFetcher::ask(const aws::StaticKeys& keys) {
  return aws::Credentials{keys.identity, {}, keys.expires};
}

Result<aws::Credentials> SourceFetcher::ask(const aws::AssumedRole& role) {
  auto from = ask(*role.from);
  if (!from) return from;
  const std::string about = "the profile \"" + role.profile + "\" cannot assume " + role.role_arn +
                            " with the keys from " + role.from->name;
  const auto where = region();
  if (!where) return tl::unexpected(where.error());
  const auto code = mfa_code(role);
  if (!code) return refuse(about, code.error());
  sigv4::Signer signer(from->identity, {*where, "sts"});
  const auto answer = call_.send(
      "sts", *where,
      aws::sts::assume_role_request({role.role_arn, session_name(role.session_name), role.external_id,
                                     role.duration_seconds, role.mfa_serial, *code}),
      &signer);
  if (!answer) return refuse(about, answer.error());
  auto credentials = aws::sts::parse_assumed_role(*answer);
  if (!credentials) return refuse(about, std::move(credentials.error()));
  return credentials;
}

Result<std::string> SourceFetcher::mfa_code(const aws::AssumedRole& role) {
  if (role.mfa_serial.empty()) return std::string();
  auto code = options_.ask ? options_.ask("MFA code for " + role.mfa_serial + ": ")
                           : Result<std::string>(fail(ErrorKind::credentials, "there is nobody to ask"));
  if (code || code.error().kind == ErrorKind::cancelled) return code;
  return fail(ErrorKind::credentials,
              "the profile asks for an MFA code of " + role.mfa_serial + ", and " + code.error().message +
                  "; run eval \"$(aws configure export-credentials --profile " + role.profile +
                  " --format env)\" first, which puts temporary keys into the environment");
}

Result<aws::Credentials> SourceFetcher::ask(const aws::WebIdentity& identity) {
  const std::string about =
      "cannot assume " + identity.role_arn + " by the web identity in " + identity.token_file.string();
  const auto token =
      read_token_file(identity.token_file, "AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file");
  if (!token) return tl::unexpected(token.error());
  const auto where = region();
  if (!where) return tl::unexpected(where.error());
  const auto answer = call_.send("sts", *where,
                                 aws::sts::assume_role_with_web_identity_request(
                                     {identity.role_arn, session_name(identity.session_name)}, *token),
                                 nullptr);
  if (!answer) return refuse(about, answer.error());
  auto credentials = aws::sts::parse_assumed_role(*answer);
  if (!credentials) return refuse(about, std::move(credentials.error()));
  return credentials;
}

Result<aws::Credentials> SourceFetcher::ask(const aws::CredentialProcess& source) {
  const std::string about =
      "the credential_process of the profile \"" + source.profile + "\" ";  // its words may be secrets
  const auto command = aws::split_command(source.command);
  if (!command) return fail(ErrorKind::credentials, about + command.error().message);
  const auto ran =
      process::run(*command, options_.environment,
                   {.time = options_.process_time, .give_up = [this] { return exchange_.is_given_up(); }});
  if (!ran) return refuse(about + "failed", ran.error());
  if (ran->exit_status != 0) {
    const auto said = process::last_lines(ran->errors, 3);
    return fail(ErrorKind::credentials, about + "ended with status " + std::to_string(ran->exit_status) +
                                            (said.empty() ? " and said nothing" : ": " + said));
  }
  auto credentials = aws::parse_process_output(ran->output);
  if (!credentials) return fail(ErrorKind::credentials, about + credentials.error().message);
  return credentials;
}

Result<aws::Credentials> SourceFetcher::ask(const aws::SingleSignOn& source) {
  return ask_single_sign_on(source, call_);
}

Result<aws::Credentials> SourceFetcher::ask(const aws::Container& container) {
  return ask_container(container, exchange_);
}

Result<aws::Credentials> SourceFetcher::ask(const aws::InstanceMetadata& instance) {
  return ask_instance(instance, exchange_);
}

std::string SourceFetcher::session_name(const std::string& wanted) const {
  if (!wanted.empty()) return wanted;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(options_.clock().time_since_epoch());
  return "lambdapool-" + std::to_string(now.count());
}

}  // namespace lambdapool::identity

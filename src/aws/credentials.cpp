#include "aws/credentials.hpp"

#include "aws/config_file.hpp"

namespace lambdapool::aws {

namespace {

std::string way_to_export(const Profile& profile) {
  return "run eval \"$(aws configure export-credentials --profile " + profile.name +
         " --format env)\" first, which puts temporary keys into the environment";
}

tl::unexpected<Error> unsupported(const Profile& profile, const std::string& kind) {
  return fail(ErrorKind::credentials, "the profile \"" + profile.name + "\" " + kind +
                                          ", which lambdapool does not support yet; " +
                                          way_to_export(profile));
}

tl::unexpected<Error> none_found(const Environment& environment, const Profile& profile) {
  std::string message =
      "no AWS credentials: neither AWS_ACCESS_KEY_ID in the environment, nor the profile \"" + profile.name +
      "\" in " + profile.credentials_path.string() + " or " + profile.config_path.string() + " has any";
  if (environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
      environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") ||
      environment.get("AWS_WEB_IDENTITY_TOKEN_FILE")) {
    message += " (a container's or web identity's credentials are not supported yet; " +
               way_to_export(profile) + ")";
  }
  return fail(
      ErrorKind::credentials,
      message +
          "; configure AWS (run `aws configure`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), "
          "or run everything on this machine with --target local or LAMBDAPOOL_TARGET=local");
}

// The kinds of profile that need calls to other services, in the order in which botocore tries them.
std::optional<std::string> unsupported_kind(const Section& profile) {
  if (!profile.get("role_arn").empty()) {
    return profile.get("web_identity_token_file").empty()
               ? "assumes a role (role_arn)"
               : "assumes a role by web identity (web_identity_token_file)";
  }
  if (!profile.get("sso_session").empty() || !profile.get("sso_start_url").empty()) {
    return "signs in through IAM Identity Center (sso_session or sso_start_url)";
  }
  return std::nullopt;
}

std::optional<Result<Credentials>> keys_of(const Section& section, const Profile& profile,
                                           const std::filesystem::path& file) {
  const auto id = section.get("aws_access_key_id");
  if (id.empty()) return std::nullopt;
  const auto secret = section.get("aws_secret_access_key");
  if (secret.empty()) {
    return fail(ErrorKind::credentials, "the profile \"" + profile.name + "\" in " + file.string() +
                                            " has aws_access_key_id but no aws_secret_access_key");
  }
  auto token = section.get("aws_session_token");
  if (token.empty()) token = section.get("aws_security_token");
  return Credentials{{id, secret, token}, "profile " + profile.name + " in " + file.string()};
}

Result<Credentials> from_profile(const Explicit& given, const Environment& environment) {
  const auto profile = load_profile(given.profile, environment);
  if (!profile) return tl::unexpected(profile.error());
  if (const auto kind = unsupported_kind(profile->merged)) return unsupported(*profile, *kind);
  if (auto keys = keys_of(profile->credentials, *profile, profile->credentials_path)) return *std::move(keys);
  if (!profile->merged.get("login_session").empty()) {
    return unsupported(*profile, "signs in with `aws login` (login_session)");
  }
  if (!profile->merged.get("credential_process").empty()) {
    return unsupported(*profile, "gets its keys from a program (credential_process)");
  }
  if (auto keys = keys_of(profile->config, *profile, profile->config_path)) return *std::move(keys);
  return none_found(environment, *profile);
}

Result<Credentials> from_arguments(const Explicit& given) {
  if (!given.access_key_id || !given.secret_access_key) {
    return fail(ErrorKind::credentials,
                given.access_key_id
                    ? "an access key id was given without its secret access key; give both"
                    : "a secret access key or session token was given without an access key id; "
                      "give both the id and the secret");
  }
  return Credentials{{*given.access_key_id, *given.secret_access_key, given.session_token.value_or("")},
                     "arguments"};
}

}  // namespace

Result<Credentials> resolve_credentials(const Explicit& given, const Environment& environment) {
  if (given.access_key_id || given.secret_access_key || given.session_token) return from_arguments(given);
  if (given.profile) return from_profile(given, environment);
  const auto id = environment.get("AWS_ACCESS_KEY_ID");
  if (!id) return from_profile(given, environment);
  const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return fail(ErrorKind::credentials,
                "the environment has AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY; set both or neither");
  }
  auto token = environment.get("AWS_SESSION_TOKEN");
  if (!token) token = environment.get("AWS_SECURITY_TOKEN");
  return Credentials{{*id, *secret, token.value_or("")}, "environment"};
}

}  // namespace lambdapool::aws

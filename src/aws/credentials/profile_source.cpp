#include "aws/credentials/profile_source.hpp"

#include <charconv>

#include "aws/credentials/sso.hpp"

namespace lambdapool::aws::profile_source {

namespace {

using Found = std::optional<Result<CredentialSource>>;

tl::unexpected<Error> refuse(const Profile& profile, const std::string& what) {
  return fail(ErrorKind::credentials,
              "the profile \"" + profile.name + "\" in " + profile.config_path.string() + " " + what);
}

Found web_identity(const Profile& profile, const Environment& environment, EnvironmentToo environment_too) {
  const auto setting = [&](const char* variable, const char* property) {
    if (environment_too == EnvironmentToo::yes) {
      if (auto value = environment.get(variable)) return *value;
    }
    return profile.merged.get(property);
  };
  const auto token_file = setting("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (token_file.empty()) return std::nullopt;
  const auto role_arn = setting("AWS_ROLE_ARN", "role_arn");
  if (role_arn.empty()) {
    return fail(ErrorKind::credentials,
                "the web identity in " + token_file +
                    " comes without the role to assume; set AWS_ROLE_ARN, or role_arn in "
                    "the profile \"" +
                    profile.name + "\"");
  }
  auto name = "the role " + role_arn + " by the web identity in " + token_file;
  return CredentialSource{
      WebIdentity{role_arn, setting("AWS_ROLE_SESSION_NAME", "role_session_name"), token_file},
      "assume-role-with-web-identity", std::move(name)};
}

// The profile's settings with those of its [sso-session] mixed in; they may not contradict each other.
Result<Section> with_session(const Profile& profile, const SharedFiles& files) {
  Section out = profile.merged;
  const auto* named = profile.merged.find("sso_session");
  if (named == nullptr) return out;
  const auto* session = files.sso_session(named->value);
  if (session == nullptr) {
    return refuse(profile, "names sso_session = " + named->value + ", and there is no [sso-session " +
                               named->value + "]; run `aws configure sso`");
  }
  for (const auto& [name, property] : session->properties()) {
    const auto* own = profile.merged.find(name);
    if (own != nullptr && own->value != property.value) {
      return refuse(profile, "has " + name + " = " + own->value + ", and its [sso-session " + named->value +
                                 "] has " + property.value + "; remove one");
    }
  }
  out.merge(*session);
  return out;
}

Found single_sign_on(const Profile& profile, const SharedFiles& files, const Environment& environment) {
  if (profile.merged.find("sso_role_name") == nullptr && profile.merged.find("sso_account_id") == nullptr)
    return std::nullopt;
  const auto settings = with_session(profile, files);
  if (!settings) return tl::unexpected(settings.error());
  for (const char* needed : {"sso_role_name", "sso_account_id", "sso_start_url", "sso_region"}) {
    if (settings->get(needed).empty())
      return refuse(profile, std::string("signs in through IAM Identity Center and lacks ") + needed +
                                 "; run `aws configure sso`");
  }
  SingleSignOn out;
  out.profile = profile.name;
  out.session = profile.merged.get("sso_session");
  out.start_url = settings->get("sso_start_url");
  out.region = settings->get("sso_region");
  out.role = settings->get("sso_role_name");
  out.account = settings->get("sso_account_id");
  out.token_file = environment.home_directory() / ".aws/sso/cache" /
                   sso::cache_file_name(out.session.empty() ? out.start_url : out.session);
  return CredentialSource{std::move(out), "sso", "IAM Identity Center for the profile " + profile.name};
}

Found keys_of(const Section& section, const Profile& profile, const std::filesystem::path& file,
              std::string_view method) {
  const auto id = section.get("aws_access_key_id");
  if (id.empty()) return std::nullopt;
  const auto secret = section.get("aws_secret_access_key");
  if (secret.empty()) {
    return fail(ErrorKind::credentials, "the profile \"" + profile.name + "\" in " + file.string() +
                                            " has aws_access_key_id but no aws_secret_access_key");
  }
  auto token = section.get("aws_security_token");
  if (token.empty()) token = section.get("aws_session_token");
  return CredentialSource{StaticKeys{{id, secret, token}}, method,
                          "profile " + profile.name + " in " + file.string()};
}

Found process(const Profile& profile) {
  const auto command = profile.merged.get("credential_process");
  if (command.empty()) return std::nullopt;
  return CredentialSource{CredentialProcess{profile.name, command}, "custom-process",
                          "the credential_process of the profile " + profile.name};
}

// What `aws login` leaves behind is bound to a key that proves possession at each renewal.
Found login(const Profile& profile) {
  if (profile.merged.find("login_session") == nullptr) return std::nullopt;
  return refuse(profile,
                "signs in with `aws login` (login_session), which lambdapool does not read; run eval \"$(aws "
                "configure export-credentials --profile " +
                    profile.name + " --format env)\" first, which puts temporary keys into the environment");
}

}  // namespace

Found find(const Profile& profile, const SharedFiles& files, const Environment& environment,
           EnvironmentToo environment_too) {
  if (auto found = web_identity(profile, environment, environment_too)) return found;
  if (auto found = single_sign_on(profile, files, environment)) return found;
  if (auto found = keys_of(profile.credentials, profile, profile.credentials_path, "shared-credentials-file"))
    return found;
  if (auto found = login(profile)) return found;
  if (auto found = process(profile)) return found;
  return keys_of(profile.config, profile, profile.config_path, "config-file");
}

Result<AssumedRole> role(const Profile& profile) {
  AssumedRole out;
  out.profile = profile.name;
  out.role_arn = profile.merged.get("role_arn");
  out.session_name = profile.merged.get("role_session_name");
  out.external_id = profile.merged.get("external_id");
  out.mfa_serial = profile.merged.get("mfa_serial");
  const auto duration = profile.merged.get("duration_seconds");
  if (duration.empty()) return out;
  int seconds = 0;
  const auto* end = duration.data() + duration.size();
  const auto [stopped, error] = std::from_chars(duration.data(), end, seconds);
  if (error != std::errc() || stopped != end || seconds <= 0)
    return refuse(profile, "has duration_seconds = " + duration + ", which is not a number of seconds");
  out.duration_seconds = seconds;
  return out;
}

}  // namespace lambdapool::aws::profile_source

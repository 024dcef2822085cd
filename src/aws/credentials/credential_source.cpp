#include "aws/credentials/credential_source.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "aws/credentials/instance_metadata.hpp"
#include "aws/credentials/profile_source.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::aws {

namespace {

using Found = std::optional<Result<CredentialSource>>;

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorKind::credentials, std::move(message)); }

std::string none_found(const Profile& profile) {
  return "no AWS credentials: neither AWS_ACCESS_KEY_ID in the environment, nor the profile \"" +
         profile.name + "\" in " + profile.credentials_path.string() + " or " + profile.config_path.string() +
         " has any; configure AWS (run `aws configure`, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), "
         "or run "
         "everything on this machine with --target local or LAMBDAPOOL_TARGET=local";
}

Result<CredentialSource> from_arguments(const Explicit& given) {
  if (!given.access_key_id || !given.secret_access_key) {
    return refuse(given.access_key_id
                      ? "an access key id was given without its secret access key; give both"
                      : "a secret access key or session token was given without an access key id; "
                        "give both the id and the secret");
  }
  return CredentialSource{
      StaticKeys{{*given.access_key_id, *given.secret_access_key, given.session_token.value_or("")}},
      "explicit", "arguments"};
}

Found from_environment(const Environment& environment) {
  const auto id = environment.get("AWS_ACCESS_KEY_ID");
  if (!id) return std::nullopt;
  const auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return refuse("the environment has AWS_ACCESS_KEY_ID but no AWS_SECRET_ACCESS_KEY; set both or neither");
  }
  auto token = environment.get("AWS_SECURITY_TOKEN");
  if (!token) token = environment.get("AWS_SESSION_TOKEN");
  StaticKeys keys{{*id, *secret, token.value_or("")}};
  if (const auto expires = environment.get("AWS_CREDENTIAL_EXPIRATION")) {
    keys.expires = parse_timestamp(*expires);
    if (!keys.expires)
      return refuse("AWS_CREDENTIAL_EXPIRATION is \"" + *expires +
                    "\", which is no time like 2026-11-22T22:14:26Z");
  }
  return CredentialSource{std::move(keys), "env", "environment"};
}

Found from_container(const Environment& environment) {
  constexpr const char* relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
  constexpr const char* full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  Container container;
  if (const auto path = environment.get(relative)) {
    container.url = "http://169.254.170.2" + *path;
  } else if (const auto url = environment.get(full)) {
    container.url = *url;
  } else {
    return std::nullopt;
  }
  container.token_file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").value_or("");
  container.token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  auto name = "the container's credentials at " + container.url;
  return CredentialSource{std::move(container), "container-role", std::move(name)};
}

// The one that need not be there.
Result<CredentialSource> from_instance(const Environment& environment, const Profile& profile,
                                       std::string nothing_there) {
  auto instance = instance_metadata(environment, profile);
  if (!instance) return tl::unexpected(std::move(instance.error()));
  instance->nothing_there = std::move(nothing_there);
  auto name = "the instance's role, from " + instance->endpoint.url();
  return CredentialSource{*std::move(instance), "iam-role", std::move(name)};
}

class Chooser {
 public:
  Chooser(const Environment& environment, const SharedFiles& files)
      : environment_(environment), files_(files) {}

  Found from(const Profile& profile, profile_source::EnvironmentToo environment_too) {
    visited_.push_back(profile.name);
    if (is_role(profile)) return role(profile);
    return profile_source::find(profile, files_, environment_, environment_too);
  }

 private:
  static bool is_role(const Profile& profile) {
    return profile.merged.find("role_arn") != nullptr &&
           profile.merged.find("web_identity_token_file") == nullptr;
  }
  static bool has_keys(const Profile& profile) {
    return profile.merged.find("aws_access_key_id") != nullptr ||
           profile.merged.find("aws_secret_access_key") != nullptr;
  }

  Result<CredentialSource> role(const Profile& profile) {
    auto described = profile_source::role(profile);
    if (!described) return tl::unexpected(std::move(described.error()));
    const auto source_profile = profile.merged.find("source_profile");
    const auto credential_source = profile.merged.find("credential_source");
    const std::string about = "the profile \"" + profile.name + "\" in " + profile.config_path.string();
    if (source_profile != nullptr && credential_source != nullptr)
      return refuse(about + " has both source_profile and credential_source; keep one");
    if (source_profile == nullptr && credential_source == nullptr)
      return refuse(about +
                    " has a role_arn and does not say whose identity assumes it; add source_profile or "
                    "credential_source");
    auto from = source_profile != nullptr ? source_of(profile, source_profile->value)
                                          : named_source(profile, credential_source->value);
    if (!from) return from;
    described->from = std::make_shared<const CredentialSource>(*std::move(from));
    auto name = "the role " + described->role_arn + " of the profile " + profile.name;
    return CredentialSource{*std::move(described), "assume-role", std::move(name)};
  }

  // A profile may name itself as its source where it has keys of its own.
  Result<CredentialSource> source_of(const Profile& role_profile, const std::string& wanted) {
    const auto source = files_.profile(wanted);
    if (!source.exists) {
      return refuse("the profile \"" + wanted + "\", which is source_profile of \"" + role_profile.name +
                    "\", does not exist in " + source.config_path.string() + " or " +
                    source.credentials_path.string());
    }
    const bool visited = std::find(visited_.begin(), visited_.end(), wanted) != visited_.end();
    if (visited && (wanted != role_profile.name || !has_keys(source))) return loop(wanted);
    if (is_role(source) && !has_keys(source)) {
      visited_.push_back(wanted);
      return role(source);
    }
    auto found = profile_source::find(source, files_, environment_, profile_source::EnvironmentToo::no);
    if (found) return *std::move(found);
    return refuse("the profile \"" + wanted + "\", which is source_profile of \"" + role_profile.name +
                  "\", has no credentials; add some with `aws configure --profile " + wanted + "`");
  }

  tl::unexpected<Error> loop(const std::string& again) const {
    std::string way;
    for (const auto& name : visited_) way += name + " -> ";
    return refuse("the profiles in " + files_.config_path().string() +
                  " name each other as source_profile: " + way + again +
                  "; one of them must have credentials of its own");
  }

  Result<CredentialSource> named_source(const Profile& profile, const std::string& name) {
    const std::string about = "the profile \"" + profile.name + "\" has credential_source = " + name;
    if (name == "Ec2InstanceMetadata") {
      return from_instance(environment_, profile,
                           about +
                               ", and there is no instance role to be had; is this an EC2 "
                               "instance with a role?");
    }
    if (name != "Environment" && name != "EcsContainer")
      return refuse(about + "; it is one of Environment, EcsContainer and Ec2InstanceMetadata");
    auto found = name == "Environment" ? from_environment(environment_) : from_container(environment_);
    if (found) return *std::move(found);
    return refuse(about + (name == "Environment"
                               ? ", but AWS_ACCESS_KEY_ID is not set"
                               : ", but AWS_CONTAINER_CREDENTIALS_FULL_URI is not set (nor is "
                                 "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)"));
  }

  const Environment& environment_;
  const SharedFiles& files_;
  std::vector<std::string> visited_;
};

}  // namespace

Result<CredentialSource> choose_source(const Explicit& given, const Environment& environment,
                                       const SharedFiles& files) {
  if (given.access_key_id || given.secret_access_key || given.session_token) return from_arguments(given);
  const auto profile = files.chosen(given.profile, environment);
  if (!profile) return tl::unexpected(profile.error());
  // A profile that was named as an argument is meant, whatever the environment says.
  const auto environment_too =
      given.profile ? profile_source::EnvironmentToo::no : profile_source::EnvironmentToo::yes;
  if (!given.profile) {
    if (auto found = from_environment(environment)) return *std::move(found);
  }
  if (auto found = Chooser(environment, files).from(*profile, environment_too)) return *std::move(found);
  if (auto found = from_container(environment)) return *std::move(found);
  return from_instance(environment, *profile, none_found(*profile));
}

}  // namespace lambdapool::aws

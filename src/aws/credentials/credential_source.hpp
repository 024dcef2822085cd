// Which source gives the credentials: decided from arguments, environment and files alone, in botocore's
// order. Only the last one, instance metadata, may turn out to have nothing; everything before it has them or
// is an error, so the first source that is configured is the source. Asking it is src/identity's part.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "aws/credentials/config_file.hpp"
#include "aws/credentials/credentials.hpp"
#include "aws/credentials/instance_metadata.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

struct CredentialSource;

struct StaticKeys {
  sigv4::Identity identity;
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

struct AssumedRole {
  std::string profile;
  std::string role_arn;
  std::string session_name = {};  // "": one is made up
  std::string external_id = {};
  std::string mfa_serial = {};
  std::optional<int> duration_seconds = {};
  std::shared_ptr<const CredentialSource> from = {};  // whose identity assumes it
};

struct WebIdentity {
  std::string role_arn;
  std::string session_name;
  std::filesystem::path token_file;
};

struct SingleSignOn {
  std::string profile;
  std::string session;  // the [sso-session]'s name; "" for a legacy profile
  std::string start_url;
  std::string region;
  std::string role;
  std::string account;
  std::filesystem::path token_file;
};

struct CredentialProcess {
  std::string profile;
  std::string command;
};

struct Container {
  std::string url;
  std::filesystem::path token_file = {};  // read anew each time; goes before `token`
  std::string token = {};
};

struct CredentialSource {
  std::variant<StaticKeys, AssumedRole, WebIdentity, SingleSignOn, CredentialProcess, Container,
               InstanceMetadata>
      kind;
  std::string_view method;  // botocore's name for the kind of source: "env", "assume-role", "sso", ...
  std::string name;         // for people: "the environment", "the profile x in ~/.aws/credentials"
};

// Error kind credentials: what is missing or contradictory, and where.
Result<CredentialSource> choose_source(const Explicit& given, const Environment& environment,
                                       const SharedFiles& files);

}  // namespace lambdapool::aws

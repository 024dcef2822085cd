// Which identity calls AWS.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/sigv4.hpp"

namespace lambdapool::aws {

// What the user said explicitly; everything else comes from the environment and the config files.
struct Explicit {
  std::optional<std::string> access_key_id = {};
  std::optional<std::string> secret_access_key = {};
  std::optional<std::string> session_token = {};
  std::optional<std::string> profile = {};
  std::optional<std::string> region = {};
};

struct Credentials {
  sigv4::Identity identity;
  std::string source = {};  // "arguments", "the environment", "the profile NAME in ~/.aws/credentials", ...
  std::optional<std::chrono::system_clock::time_point> expires = {};
  std::string_view method = {};  // botocore's name of the source's kind: "env", "sso", ...
};

}  // namespace lambdapool::aws

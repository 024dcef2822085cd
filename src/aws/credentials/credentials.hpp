// Which identity calls AWS, in which region and at which address. No sockets.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "core/environment.hpp"
#include "core/error.hpp"
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

// Explicit, AWS_REGION, AWS_DEFAULT_REGION, the profile's region. Error kind invalid_argument.
Result<std::string> resolve_region(const Explicit& given, const Environment& environment);

// A region becomes part of a host name: error kind invalid_argument, naming where it is `from`, where it
// cannot.
Result<std::string> checked_region(std::string region, const std::string& from);

// AWS_ENDPOINT_URL_LAMBDA, AWS_ENDPOINT_URL, the profile's [services] section, the profile's
// endpoint_url; else https://lambda.REGION.amazonaws.com, with the suffix of the region's partition.
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS leaves only the last. FIPS and dual-stack addresses where the
// environment or the profile asks for them. `service` is botocore's name: "lambda", "iam", "sts", "s3",
// "logs", "sso", "sso-oidc".
Result<std::string> resolve_endpoint_url(const Explicit& given, const Environment& environment,
                                         const std::string& service, const std::string& region);

// The region that a request to `service` is signed for: IAM has one for each partition.
std::string signing_region(const std::string& service, const std::string& region);

// "aws", "aws-cn", "aws-us-gov", ...: the second part of the region's ARNs.
std::string partition_of(const std::string& region);

}  // namespace lambdapool::aws

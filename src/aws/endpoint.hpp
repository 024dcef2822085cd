// Region and address: where a service of AWS is called. No sockets.
#pragma once

#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

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

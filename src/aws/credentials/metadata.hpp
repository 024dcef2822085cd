// The services that give a machine or a container its credentials, sans I/O: EC2's instance metadata (IMDSv2)
// and the container endpoints of ECS and EKS. Neither is signed; both are reached without a proxy.
#pragma once

#include <optional>
#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::metadata {

// Answers 200 with a token; 403, 404 or 405 from what knows only version 1.
http::Request token_request(const std::string& base_path);
// `token` is "" for version 1. Answers the role's name as text.
http::Request role_request(const std::string& base_path, const std::string& token);
http::Request role_credentials_request(const std::string& base_path, const std::string& role,
                                       const std::string& token);
http::Request region_request(const std::string& base_path, const std::string& token);

http::Request container_request(const std::string& path_and_query, const std::string& authorization);

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, of both. Without a source.
Result<Credentials> parse_credentials(const http::Response& response);

// A URL in AWS_CONTAINER_CREDENTIALS_FULL_URI would send a secret to whomever it names: without TLS only this
// machine and the addresses that AWS has reserved are allowed.
bool is_allowed_container_host(const http::Endpoint& endpoint);

}  // namespace lambdapool::aws::metadata

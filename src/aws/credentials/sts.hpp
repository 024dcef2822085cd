// The STS calls that turn one identity into another, or say which one it is: a form out, XML back. Sent to
// the region's own endpoint and signed for it, but AssumeRoleWithWebIdentity, which is not signed.
#pragma once

#include <optional>
#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::sts {

struct RoleSession {
  std::string role_arn;
  std::string name;
  std::string external_id = {};
  std::optional<int> duration_seconds = {};
  std::string mfa_serial = {};
  std::string mfa_code = {};
};

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

http::Request assume_role_request(const RoleSession& session);
http::Request assume_role_with_web_identity_request(const RoleSession& session, const std::string& token);
http::Request get_caller_identity_request();

// Without a source, which the caller knows.
Result<Credentials> parse_assumed_role(const http::Response& response);
Result<CallerIdentity> parse_caller_identity(const http::Response& response);

}  // namespace lambdapool::aws::sts

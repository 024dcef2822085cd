// IAM Identity Center, sans I/O: the CLI's cached token, its renewal at OIDC (CreateToken), and the keys that
// the portal gives for it (GetRoleCredentials). Neither call is signed.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::sso {

using Time = std::chrono::system_clock::time_point;

// A file of ~/.aws/sso/cache, written by `aws sso login` and rewritten at each renewal.
struct Token {
  std::string access_token;
  Time expires_at;
  // What renewal takes; "" where the login did not ask for it (legacy profiles).
  std::string refresh_token = {};
  std::string client_id = {};
  std::string client_secret = {};
  std::string registration_expires_at = {};

  bool can_be_renewed(Time now) const;
};

// The cache file's name: of the sso-session's name, or of a legacy profile's start URL.
std::string cache_file_name(const std::string& session_or_start_url);

// Error kind credentials, in the middle of a sentence.
Result<Token> parse_token(const std::string& text);
std::string format_token(const Token& token, const std::string& start_url, const std::string& region);

http::Request create_token_request(const Token& token);
Result<Token> parse_created_token(const http::Response& response, const Token& before, Time now);

http::Request get_role_credentials_request(const std::string& role, const std::string& account,
                                           const std::string& access_token);
Result<Credentials> parse_role_credentials(const http::Response& response);  // without a source

}  // namespace lambdapool::aws::sso

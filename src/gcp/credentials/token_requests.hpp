// The requests that get tokens, and what their answers say; no sockets, and the time is given.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "gcp/credentials/credentials_file.hpp"
#include "gcp/credentials/token.hpp"
#include "http/message.hpp"

namespace lambdapool::gcp {

using Time = std::chrono::system_clock::time_point;

inline constexpr const char* platform_scope = "https://www.googleapis.com/auth/cloud-platform";
inline constexpr const char* iam_scope = "https://www.googleapis.com/auth/iam";  // to act as somebody else

// `request.target` is the URL's own path and query.
struct TokenRequest {
  std::string url;
  http::Request request;
};

// Either for APIs (a scope) or for a service of somebody's (its audience).
Result<TokenRequest> key_grant_request(const ServiceAccountKey& key, const std::string& scope, Time now);
Result<TokenRequest> key_id_token_request(const ServiceAccountKey& key, const std::string& audience,
                                          Time now);
TokenRequest refresh_request(const SignedInUser& user);
TokenRequest refresh_request(const FederatedUser& user);
TokenRequest exchange_request(const ExternalAccount& account, const std::string& subject_token,
                              const std::string& scope);

// As another account, with a token of who may. `url`: "" for the account's own at Google.
TokenRequest act_as_request(const std::string& email, const std::string& url,
                            const std::vector<std::string>& delegates, const std::vector<std::string>& scopes,
                            int lifetime_seconds, const std::string& token);
TokenRequest act_as_id_token_request(const std::string& email, const std::vector<std::string>& delegates,
                                     const std::string& audience, const std::string& token);

// An AWS identity as a subject token: a signed request to ask STS who that is, which Google sends.
// `identity_url`: with {region}.
std::string aws_subject_token(const ExternalAccount& account, const std::string& identity_url,
                              const std::string& region, const sigv4::Identity& identity, Time now);

// Error kind credentials, with what the service said; network where it did not answer as such.
Result<Token> parse_access_token(const http::Response& response, Time now);
Result<Token> parse_id_token(const http::Response& response);
Result<Token> parse_acted_access_token(const http::Response& response);
Result<Token> parse_acted_id_token(const http::Response& response);

// Of a file, a URL or a program. Error kind credentials.
Result<std::string> subject_token_in(const std::string& text, const TokenFormat& format);
struct ProgramToken {
  std::string text;
  bool has_end = false;  // it says until when it is good, which is later
};
Result<ProgramToken> subject_token_of_program(const std::string& output, Time now);

// http://HOST/PATH, taken apart. Error kind credentials.
struct TokenPlace {
  http::Endpoint endpoint;
  std::string target;
};
Result<TokenPlace> place_of(const std::string& url);

}  // namespace lambdapool::gcp

// What a file with Google's credentials says: a service account's key, or how to get tokens in another way.
// Sources: the formats that gcloud and the console write, as google-auth reads them.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"

namespace lambdapool::gcp {

struct ServiceAccountKey {
  std::string email;
  std::string key_id;       // "" where the file has none
  std::string private_key;  // PEM
  std::string token_url;
};

// Somebody who has signed in with `gcloud auth application-default login`.
struct SignedInUser {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;
};

// The same of a workforce pool.
struct FederatedUser {
  std::string client_id;
  std::string client_secret;
  std::string refresh_token;
  std::string token_url;
};

// Where a token of another identity provider comes from, and how it is wrapped.
struct TokenFormat {
  std::string field = {};  // of a JSON object; "": the whole text
};
struct TokenInFile {
  std::string path;
  TokenFormat format;
};
struct TokenAtUrl {
  std::string url;
  std::map<std::string, std::string> headers;
  TokenFormat format;
};
struct TokenOfProgram {
  std::string command;
  std::chrono::milliseconds time;
  std::string output_file;  // "": none
};
struct TokenOfAws {  // a signed request to AWS that says who asks
  std::string region_url;
  std::string role_url;
  std::string session_url;
  std::string identity_url;  // with {region}
};

// Workload or workforce identity federation.
struct ExternalAccount {
  std::string audience;
  std::string subject_token_type;
  std::string token_url;
  std::string impersonation_url = {};  // "": tokens are the pool's own
  int lifetime_seconds = 3'600;        // of an impersonated token
  std::string client_id = {};
  std::string client_secret = {};
  std::string user_project = {};
  std::variant<TokenInFile, TokenAtUrl, TokenOfProgram, TokenOfAws> source = {};

  std::string impersonated_email() const;  // "" where nobody is impersonated
};

struct CredentialsFile;

// A service account that somebody else may act as.
struct ImpersonatedAccount {
  std::string email;
  std::vector<std::string> delegates = {};
  std::vector<std::string> scopes = {};  // the file's; else those that are asked for
  std::shared_ptr<const CredentialsFile> as_whom = {};
};

struct CredentialsFile {
  std::variant<ServiceAccountKey, SignedInUser, FederatedUser, ExternalAccount, ImpersonatedAccount> kind;
  std::string project = {};        // that a key is of
  std::string quota_project = {};  // that requests are counted to

  std::string what() const;  // "a service account's key"
};

// `where`: how the error names the file. Error kind credentials: what is missing or not supported.
Result<CredentialsFile> parse_credentials_file(std::string_view text, const std::string& where);

// The account in a URL that ends with it and ":generateAccessToken"; "" where there is none.
std::string account_in_url(const std::string& url);

}  // namespace lambdapool::gcp

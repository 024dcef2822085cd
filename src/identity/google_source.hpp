// Google's credentials, from where Google's own libraries find them: a file that a variable names, what
// gcloud has left, or the metadata server of the machine. Files are read anew each time, so that a renewal
// sees what a new sign-in has brought.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "gcp/credentials/configuration.hpp"
#include "gcp/credentials/credentials_file.hpp"
#include "gcp/credentials/token.hpp"
#include "gcp/credentials/token_requests.hpp"
#include "http/answer.hpp"
#include "http/client.hpp"
#include "identity/exchange.hpp"

namespace lambdapool::identity {

struct GoogleOptions {
  Environment environment = {};
  http::ClientOptions connection = {};  // trust and proxies
  std::function<bool()> give_up = {};   // see Exchange
  std::function<gcp::Time()> clock = std::chrono::system_clock::now;
  // For tests: who answers, instead of the network.
  std::function<http::Answer(const std::string& url, const http::Request& request)> send = {};
};

class GoogleSource {
 public:
  explicit GoogleSource(GoogleOptions options);

  // For Google's APIs. Error kind credentials: where they were looked for, and what went wrong there.
  Result<gcp::Token> access_token();
  // For a service of somebody's, whose address is the audience.
  Result<gcp::Token> id_token(const std::string& audience);

  // Of the credentials, where they have one. Errors as access_token().
  Result<gcp::Setting> project(const std::string& given);
  Result<gcp::Setting> region(const std::string& given);
  Result<std::string> quota_project();  // "" where none is set

  void stop() { exchange_.stop(); }

 private:
  struct Metadata {};
  struct Found {
    std::variant<gcp::CredentialsFile, Metadata> where = {};
    std::string name = {};  // for errors
  };
  using Scopes = std::vector<std::string>;

  Result<Found> find();
  Result<Found> read(const std::string& path, const std::string& named_by);
  bool is_on_google();
  Patience metadata_patience() const;
  std::string acts_as() const;  // the account that gcloud's settings say to impersonate; "" for none
  Result<gcp::Token> access_at(const Found& found, const Scopes& scopes);
  Result<gcp::Token> access_of(const gcp::CredentialsFile& file, const Scopes& scopes);
  Result<gcp::Token> id_of(const gcp::CredentialsFile& file, const std::string& audience);
  Result<gcp::Token> access_of(const gcp::ExternalAccount& account, const Scopes& scopes);
  Result<std::string> subject_token(const gcp::ExternalAccount& account, const gcp::TokenInFile& file);
  Result<std::string> subject_token(const gcp::ExternalAccount& account, const gcp::TokenAtUrl& at);
  Result<std::string> subject_token(const gcp::ExternalAccount& account, const gcp::TokenOfProgram& program);
  Result<std::string> subject_token(const gcp::ExternalAccount& account, const gcp::TokenOfAws& aws);
  Result<std::string> aws_region(const gcp::TokenOfAws& aws, const http::Headers& session);
  Result<sigv4::Identity> aws_identity(const gcp::TokenOfAws& aws, const http::Headers& session);
  Result<std::string> text_at(const std::string& url, http::Request request);
  Result<http::Response> ask_metadata(const std::string& path);
  Result<http::Response> send(const gcp::TokenRequest& request);
  http::Answer send_once(const std::string& url, const http::Request& request, Patience patience);

  const GoogleOptions options_;
  Exchange exchange_;
};

}  // namespace lambdapool::identity

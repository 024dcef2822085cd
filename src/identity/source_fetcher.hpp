// Finds out which source has the credentials, and asks it: files are read anew each time, so that a renewal
// sees what `aws sso login` or an edited file has brought.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials/credential_source.hpp"
#include "aws/credentials/credentials.hpp"
#include "aws/credentials/instance_metadata.hpp"
#include "core/environment.hpp"
#include "http/client.hpp"
#include "identity/provider.hpp"
#include "identity/service_call.hpp"

namespace lambdapool::identity {

struct FetchOptions {
  aws::Explicit given = {};
  Environment environment = {};
  http::ClientOptions connection = {};  // trust and proxies
  std::function<Result<std::string>(const std::string&)> ask =
      {};                              // for an MFA code; empty: nobody can be asked
  std::function<bool()> give_up = {};  // see Exchange
  // Of a credential_process, which may have to wait for somebody to sign in with a browser.
  std::chrono::milliseconds process_time = std::chrono::minutes(5);
  int max_attempts = 3;  // of a call to STS or IAM Identity Center, the first one included
  std::function<Time()> clock = std::chrono::system_clock::now;
};

class SourceFetcher final : public Fetcher {
 public:
  explicit SourceFetcher(FetchOptions options);

  Result<aws::Credentials> fetch() override;
  void stop() override { exchange_.stop(); }

  // Explicit, environment, profile, and at last the instance's own.
  Result<std::string> region();

 private:
  Result<aws::Credentials> ask(const aws::CredentialSource& source);
  Result<aws::Credentials> ask(const aws::StaticKeys& keys);
  Result<aws::Credentials> ask(const aws::AssumedRole& role);
  Result<aws::Credentials> ask(const aws::WebIdentity& identity);
  Result<aws::Credentials> ask(const aws::CredentialProcess& process);
  Result<aws::Credentials> ask(const aws::SingleSignOn& source);
  Result<aws::Credentials> ask(const aws::Container& container);
  Result<aws::Credentials> ask(const aws::InstanceMetadata& instance);
  Result<std::string> mfa_code(const aws::AssumedRole& role);
  std::string session_name(const std::string& wanted) const;

  const FetchOptions options_;
  Exchange exchange_;
  ServiceCall call_;
};

}  // namespace lambdapool::identity

// Calls to STS or IAM Identity Center on the way to credentials: their endpoints as the settings have them,
// tried again as the SDKs do.
#pragma once

#include <functional>
#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/clock_skew.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/retry.hpp"
#include "core/sigv4.hpp"
#include "identity/exchange.hpp"
#include "identity/refresh.hpp"

namespace lambdapool::identity {

class ServiceCall {
 public:
  // All of them outlive it. `max_attempts`: of each call, the first one included.
  ServiceCall(const aws::Explicit& given, const Environment& environment, Exchange& exchange,
              const std::function<Time()>& clock, int max_attempts)
      : given_(given),
        environment_(environment),
        exchange_(exchange),
        clock_(clock),
        max_attempts_(max_attempts) {}

  // `signer` may be null: not signed. Answers of every status; errors: network and the like, naming the
  // endpoint.
  Result<http::Response> send(const std::string& service, const std::string& region,
                              const http::Request& request, sigv4::Signer* signer);

  // The time as the services have it, as far as they have said.
  Time now() const { return clock_() + clock_offset_; }

 private:
  const aws::Explicit& given_;
  const Environment& environment_;
  Exchange& exchange_;
  const std::function<Time()>& clock_;
  const int max_attempts_;
  retry::Budget budget_;
  clock_skew::Offset clock_offset_{};  // from this machine's clock to the services'
};

}  // namespace lambdapool::identity

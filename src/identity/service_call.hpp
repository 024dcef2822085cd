// A call to STS or IAM Identity Center on the way to credentials: its endpoint as the settings have it, tried
// again as the SDKs do.
#pragma once

#include <functional>
#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "identity/exchange.hpp"
#include "identity/refresh.hpp"

namespace lambdapool::identity {

struct ServiceCall {
  const aws::Explicit& given;
  const Environment& environment;
  Exchange& exchange;
  const std::function<Time()>& clock;

  // `signer` may be null: not signed. Answers of every status; errors: network and the like, naming the
  // endpoint.
  Result<http::Response> send(const std::string& service, const std::string& region,
                              const http::Request& request, sigv4::Signer* signer) const;
};

}  // namespace lambdapool::identity

// What AWS's settings say about how to call a service, rather than as whom or where. No sockets.
#pragma once

#include <string>

#include "aws/credentials/credentials.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::aws {

struct ClientSettings {
  std::string ca_bundle = {};  // a PEM file; "" means the system's authorities
  int max_attempts = 3;        // of a control-plane call, the first one included
};

// The bundle: AWS_CA_BUNDLE, the profile's ca_bundle, REQUESTS_CA_BUNDLE, SSL_CERT_FILE (that of
// OpenSSL's programs). Attempts: AWS_MAX_ATTEMPTS, the profile's max_attempts. AWS_RETRY_MODE and the
// profile's retry_mode may name any of the SDKs' modes, and all of them mean standard here. Error kinds:
// invalid_argument, credentials (see load_profile).
Result<ClientSettings> resolve_client_settings(const Explicit& given, const Environment& environment);

}  // namespace lambdapool::aws

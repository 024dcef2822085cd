// The metadata server of machines at Google: where it is, and what it says. And what AWS's says, of whom
// somebody there is.
#pragma once

#include <chrono>
#include <string>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "core/sigv4.hpp"
#include "gcp/credentials/token.hpp"
#include "http/message.hpp"

namespace lambdapool::identity::google_metadata {

std::string host(const Environment& environment);  // GCE_METADATA_HOST, or the usual name
std::string ping_url(const Environment& environment);
std::chrono::milliseconds patience(const Environment& environment);
int attempts(const Environment& environment);

http::Request request(const std::string& target);

Result<gcp::Token> parse_identity(const http::Response& response);

// Of AWS's metadata: the keys of a role.
Result<sigv4::Identity> parse_aws_keys(const std::string& text);

}  // namespace lambdapool::identity::google_metadata

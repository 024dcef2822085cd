// Plain http may not leave the machine unasked: what answers on it is believed, in Python even unpickled, and
// nothing says who that is.
#pragma once

#include <optional>
#include <string_view>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "http/message.hpp"
#include "http/proxy.hpp"

namespace lambdapool::target {

// LAMBDAPOOL_ALLOW_HTTP is 1 (or true, yes, on), in either case.
bool is_plain_http_allowed(const Environment& environment);

// Where requests to `endpoint` would leave this machine in the clear: the error that says so and the ways
// out, of kind invalid_argument. `proxy`: through which they go.
Result<void> refuse_plain_http(const http::Endpoint& endpoint, const std::optional<http::Proxy>& proxy);

// 127.0.0.0/8, ::1 and the names under localhost (RFC 6761). No name is resolved: what it stands for may
// change.
bool is_loopback(std::string_view host);

}  // namespace lambdapool::target

// What comes of a request, as a value: a response, or why there is none.
#pragma once

#include <tl/expected.hpp>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

// Why there is no response. `reached`: whether the service may have seen the request; a request that
// may have been seen is never sent again on the client's own account (see docs/protocol.md).
struct TransportError {
  enum class Reached { no, maybe };
  Reached reached = Reached::no;
  Error error;           // kind network, timed_out (the read timeout), protocol, or cancelled
  Headers headers = {};  // of an answer that broke off, as far as they came
  bool cut_off = false;  // the peer has ended it in the middle; nothing is known to be wrong with the network
};

// The code of an error to connect that would come again: a certificate that is not trusted, a peer without
// TLS.
inline constexpr const char* tls_refused = "TlsRefused";

using Answer = tl::expected<Response, TransportError>;

}  // namespace lambdapool::http

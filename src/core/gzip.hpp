// gzip (RFC 1952): zlib's own container around one deflated stream, with no name and no time in it, so that
// equal input gives equal bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "core/compression.hpp"

namespace lambdapool {

std::string gzip(std::string_view bytes);

// The one gzip member that `bytes` is, if it inflates to at most `max_bytes`. Memory grows with what has been
// inflated, never with what the stream claims.
tl::expected<std::string, InflateFailure> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace lambdapool

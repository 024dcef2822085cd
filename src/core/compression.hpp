// zlib (RFC 1950) and gzip (RFC 1952) over whole bodies.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace lambdapool {

// The zlib stream of `first` followed by `second`, or nullopt where sending it would not pay: samples
// are compressed first, so that an incompressible body costs microseconds rather than seconds.
// `want_below`: the size that it has to get under. Where it cannot, that is given up as soon as it is seen.
std::optional<std::string> compress_if_it_pays(std::string_view first, std::string_view second,
                                               std::size_t want_below);

enum class InflateFailure { malformed, too_large };

// The one zlib stream that `bytes` is, if it inflates to at most `max_bytes`. Memory grows with what
// has been inflated, never with what the stream claims.
tl::expected<std::string, InflateFailure> inflate(std::string_view bytes, std::size_t max_bytes);

// One gzip member, with no name and no time in it, so that equal input gives equal bytes.
std::string gzip(std::string_view bytes);
// As inflate(), of the one gzip member that `bytes` is.
tl::expected<std::string, InflateFailure> gunzip(std::string_view bytes, std::size_t max_bytes);

}  // namespace lambdapool

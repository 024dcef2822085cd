#include "core/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.hpp"

namespace lambdapool {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // the largest window; 16 more: in gzip's container
constexpr int memory_level = 8;            // zlib's default
constexpr std::size_t step = 256 * 1'024;

uInt at_most(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

Bytef* begin_of(std::string_view bytes) {  // zlib's interface lacks the const
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  LAMBDAPOOL_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, memory_level,
                                Z_DEFAULT_STRATEGY) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, deflateEnd);
  std::string out;
  int status = Z_OK;
  while (status != Z_STREAM_END) {
    const std::size_t written = out.size();
    out.resize(written + step);
    const uInt chunk = at_most(bytes.size());
    stream.next_in = begin_of(bytes);
    stream.avail_in = chunk;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(step);
    status = deflate(&stream, chunk == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
    bytes.remove_prefix(chunk - stream.avail_in);
    out.resize(out.size() - stream.avail_out);
  }
  return out;
}

tl::expected<std::string, InflateFailure> gunzip(std::string_view bytes, std::size_t max_bytes) {
  z_stream stream{};
  LAMBDAPOOL_CHECK(inflateInit2(&stream, gzip_window_bits) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  std::string out;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const std::size_t written = out.size();
    out.resize(written + step);
    const uInt chunk = at_most(bytes.size());
    stream.next_in = begin_of(bytes);
    stream.avail_in = chunk;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + written);
    stream.avail_out = static_cast<uInt>(step);
    status = ::inflate(&stream, Z_NO_FLUSH);
    bytes.remove_prefix(chunk - stream.avail_in);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > max_bytes) return tl::unexpected(InflateFailure::too_large);
    const bool waits_for_more = bytes.empty() && stream.avail_out > 0;
    if (status != Z_STREAM_END && (status != Z_OK || waits_for_more))
      return tl::unexpected(InflateFailure::malformed);
  }
  if (!bytes.empty()) return tl::unexpected(InflateFailure::malformed);
  return out;
}

}  // namespace lambdapool

#include "core/compression.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.hpp"

namespace lambdapool {

namespace {

constexpr std::size_t sample_bytes = 4096;
constexpr double worth_it = 0.8;                         // of the plain size
constexpr double worth_to_fit = 0.98;                    // where the plain size would be refused anyway
constexpr int zlib_window_bits = 15;                     // the largest window
constexpr int gzip_window_bits = zlib_window_bits + 16;  // as zlib.h has it: in gzip's container
constexpr int memory_level = 8;                          // zlib's default
constexpr int fast = 1;  // ten times as fast as zlib's own choice, for a few hundredths more

uInt chunk_of(std::size_t bytes) {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}

Bytef* input_of(std::string_view bytes) {  // zlib's interface lacks the const
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

// Deflates parts one after the other into one string.
class Deflater {
 public:
  explicit Deflater(int level = fast, int window_bits = zlib_window_bits) {
    LAMBDAPOOL_CHECK(
        deflateInit2(&stream_, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // nullopt as soon as it is more than `most` bytes.
  std::optional<std::string> operator()(std::string_view first, std::string_view second, std::size_t most) {
    const std::size_t bound = deflateBound(&stream_, static_cast<uLong>(first.size() + second.size()));
    std::string out(std::min(bound, most) + 1, '\0');
    if (!feed(out, first, Z_NO_FLUSH) || !feed(out, second, Z_FINISH) || produced_ > most)
      return std::nullopt;
    out.resize(produced_);
    return out;
  }

 private:
  // False: the room is too small.
  bool feed(std::string& out, std::string_view bytes, int last_flush) {
    do {
      const uInt chunk = chunk_of(bytes.size());
      stream_.next_in = input_of(bytes);
      stream_.avail_in = chunk;
      bytes.remove_prefix(chunk);
      const int flush = bytes.empty() ? last_flush : Z_NO_FLUSH;
      while (true) {
        const uInt room = chunk_of(out.size() - produced_);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + produced_);
        stream_.avail_out = room;
        const int status = deflate(&stream_, flush);
        produced_ += room - stream_.avail_out;
        if (status == Z_STREAM_END || (flush == Z_NO_FLUSH && stream_.avail_in == 0)) break;
        if (produced_ == out.size()) return false;
      }
    } while (!bytes.empty());
    return true;
  }

  z_stream stream_{};
  std::size_t produced_ = 0;
};

std::string_view piece(std::string_view first, std::string_view second, std::size_t offset) {
  if (offset < first.size()) return first.substr(offset, sample_bytes);
  return second.substr(offset - first.size(), sample_bytes);
}

double sampled_ratio(std::string_view first, std::string_view second) {
  const std::size_t total = first.size() + second.size();
  std::string sample;
  for (const std::size_t offset : {std::size_t{0}, total / 2, total - sample_bytes}) {
    sample.append(piece(first, second, offset));
  }
  const auto compressed = Deflater()(sample, {}, 2 * sample.size());
  return compressed ? static_cast<double>(compressed->size()) / static_cast<double>(sample.size()) : 1;
}

}  // namespace

std::optional<std::string> compress_if_it_pays(std::string_view first, std::string_view second,
                                               std::size_t want_below) {
  const std::size_t total = first.size() + second.size();
  const bool must_shrink = total > want_below;
  const double threshold = must_shrink ? worth_to_fit : worth_it;
  if (total > 8 * sample_bytes && sampled_ratio(first, second) > threshold) return std::nullopt;
  const auto pays_below = static_cast<std::size_t>(threshold * static_cast<double>(total));
  return Deflater()(first, second, must_shrink ? std::min(pays_below, want_below) : pays_below);
}

namespace {

tl::expected<std::string, InflateFailure> inflate_as(int window_bits, std::string_view bytes,
                                                     std::size_t max_bytes) {
  z_stream stream{};
  LAMBDAPOOL_CHECK(inflateInit2(&stream, window_bits) == Z_OK);
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, inflateEnd);
  // One byte more than is allowed, so that a body of exactly the limit can reach its end.
  const std::size_t most = max_bytes + 1;
  std::string out(std::min(most, std::max<std::size_t>(bytes.size() * 4, 1024)), '\0');
  std::size_t produced = 0;
  while (true) {
    const uInt chunk = chunk_of(bytes.size());
    const uInt room = chunk_of(out.size() - produced);
    stream.next_in = input_of(bytes);
    stream.avail_in = chunk;
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + produced);
    stream.avail_out = room;
    const int status = ::inflate(&stream, Z_NO_FLUSH);
    bytes.remove_prefix(chunk - stream.avail_in);
    produced += room - stream.avail_out;
    if (produced > max_bytes) return tl::unexpected(InflateFailure::too_large);
    if (status == Z_STREAM_END) break;
    const bool out_of_room = produced == out.size();
    if (status != Z_OK && !(status == Z_BUF_ERROR && out_of_room)) {
      return tl::unexpected(InflateFailure::malformed);
    }
    if (!out_of_room && bytes.empty()) return tl::unexpected(InflateFailure::malformed);
    if (out_of_room) out.resize(std::min(most, out.size() * 2));
  }
  if (!bytes.empty()) return tl::unexpected(InflateFailure::malformed);
  out.resize(produced);
  return out;
}

}  // namespace

tl::expected<std::string, InflateFailure> inflate(std::string_view bytes, std::size_t max_bytes) {
  return inflate_as(zlib_window_bits, bytes, max_bytes);
}

std::string gzip(std::string_view bytes) {
  return *Deflater(Z_DEFAULT_COMPRESSION, gzip_window_bits)(bytes, {}, std::string().max_size() - 1);
}

tl::expected<std::string, InflateFailure> gunzip(std::string_view bytes, std::size_t max_bytes) {
  return inflate_as(gzip_window_bits, bytes, max_bytes);
}

}  // namespace lambdapool

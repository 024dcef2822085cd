#include "local/objects/object_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/checksum.hpp"
#include "core/whole_number.hpp"
#include "local/objects/s3_answer.hpp"
#include "local/store/uuid.hpp"

namespace lambdapool::local {
namespace {

constexpr const char* what = "The object could not be written";

std::string base64_of(std::uint32_t crc) {
  const char bytes[] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                        static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return base64_encode({bytes, sizeof bytes});
}

}  // namespace

Promise promise_of(const http::Request& head) {
  Promise promise;
  const auto hash = head.headers.get("x-amz-content-sha256");
  promise.chunked = hash.starts_with("STREAMING-");
  if (hash.size() == 64) promise.sha256_hex = hash;
  promise.crc32 = head.headers.get("x-amz-checksum-crc32");
  promise.length =
      whole_number(head.headers.get(promise.chunked ? "x-amz-decoded-content-length" : "content-length"));
  return promise;
}

ObjectWriter::ObjectWriter(const std::filesystem::path& directory, Promise promise)
    : path_(directory / random_uuid()), promise_(std::move(promise)) {
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file_) why_not_ = not_stored(what, errno);
}

ObjectWriter::~ObjectWriter() {
  if (file_ && !taken_) ::unlink(path_.c_str());
}

std::optional<http::Response> ObjectWriter::write(std::string_view piece) {
  std::optional<Refusal> refusal;
  if (promise_.chunked) {
    const bool good = chunks_.feed(piece, [&](std::string_view bytes) {
      if (!refusal) refusal = store(bytes);
    });
    if (!good) refusal = Refusal{400, "InvalidRequest", "The body is not what aws-chunked says it is."};
  } else {
    refusal = store(piece);
  }
  if (!refusal) return std::nullopt;
  return s3_refusal(*refusal, "");
}

std::optional<Refusal> ObjectWriter::store(std::string_view bytes) {
  if (why_not_) return why_not_;
  if (!promise_.sha256_hex.empty()) sha256_.add(bytes);
  if (!promise_.crc32.empty() || promise_.chunked) crc32_ = crc32(crc32_, bytes);
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    const auto count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return not_stored(what, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return std::nullopt;
}

OrRefusal<std::string> ObjectWriter::take() {
  if (why_not_) return tl::unexpected(*why_not_);
  const bool whole = (!promise_.chunked || chunks_.complete()) && promise_.length.value_or(bytes_) == bytes_;
  if (!whole)
    return refuse(400, "IncompleteBody",
                  "You did not provide the number of bytes specified by the Content-Length HTTP header.");
  if (!promise_.sha256_hex.empty() && sha256_.hex() != promise_.sha256_hex)
    return refuse(400, "XAmzContentSHA256Mismatch",
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
  const auto trailer = chunks_.trailer("x-amz-checksum-crc32");
  for (const auto& promised : {promise_.crc32, trailer}) {
    if (!promised.empty() && promised != base64_of(crc32_))
      return refuse(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum.");
  }
  taken_ = true;
  file_.reset();
  return path_.filename().string();
}

}  // namespace lambdapool::local

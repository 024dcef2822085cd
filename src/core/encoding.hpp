// Text encodings that the wire needs: base64, hex, percent, and SHA-256 over bytes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lambdapool {

std::string base64_encode(std::string_view bytes);
void base64_append(std::string& out, std::string_view bytes);  // appends to `out`, one allocation at most
std::optional<std::string> base64_decode(
    std::string_view text);  // strict: RFC 4648, padded; nullopt otherwise

std::string hex_encode(std::string_view bytes);
std::string hex_decode(std::string_view text);  // as far as it is pairs of digits

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view bytes);
std::string hex_encode(const Sha256& digest);

Sha256 hmac_sha256(std::string_view key, std::string_view bytes);
std::string sha1_hex(std::string_view bytes);  // names files of the AWS CLI; proves nothing
std::string sha256_hex(std::string_view bytes);

// Of bytes that come one after the other. A copy goes on from what its original has got so far, so that what
// many begin with is hashed once.
class Sha256Stream {
 public:
  Sha256Stream();
  void add(std::string_view bytes);
  Sha256 digest() const;  // of all so far
  std::string hex() const { return hex_encode(digest()); }

 private:
  std::array<std::uint32_t, 28> state_;
};

// Likewise HMAC-SHA256.
class HmacStream {
 public:
  explicit HmacStream(std::string_view key = {});
  void add(std::string_view bytes) { inner_.add(bytes); }
  Sha256 digest() const;

 private:
  Sha256Stream inner_, outer_;
};
std::string sha256_base64(std::string_view bytes);  // Lambda's CodeSha256

// RFC 3986 unreserved characters stay; everything else becomes %XX.
enum class Slash { encode, keep };
std::string percent_encode(std::string_view text, Slash slash = Slash::encode);
std::string percent_decode(std::string_view text);  // malformed escapes stay as they are

}  // namespace lambdapool

// SHA-256 goes through OpenSSL's low-level functions: EVP looks the algorithm up in its provider tables
// on every call, which costs more than hashing a request does, and links all of the providers into a
// worker that needs none of them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "core/encoding.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstring>

namespace lambdapool {

namespace {

std::string_view view(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool is_unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  char* to = out.data();
  for (const unsigned char c : bytes) {
    *to++ = digits[c >> 4];
    *to++ = digits[c & 15];
  }
  return out;
}

std::string hex_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) break;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string hex_encode(const Sha256& digest) { return hex_encode(view(digest)); }

Sha256 sha256(std::string_view bytes) {
  Sha256Stream stream;
  stream.add(bytes);
  return stream.digest();
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  HmacStream stream(key);
  stream.add(bytes);
  return stream.digest();
}

std::string sha1_hex(std::string_view bytes) {
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string sha256_hex(std::string_view bytes) { return hex_encode(sha256(bytes)); }

// The header does without OpenSSL's.
static_assert(sizeof(SHA256_CTX) == sizeof(Sha256Stream));

Sha256Stream::Sha256Stream() {
  SHA256_CTX context;
  SHA256_Init(&context);
  std::memcpy(state_.data(), &context, sizeof context);
}

void Sha256Stream::add(std::string_view bytes) {
  SHA256_CTX context;
  std::memcpy(&context, state_.data(), sizeof context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  std::memcpy(state_.data(), &context, sizeof context);
}

Sha256 Sha256Stream::digest() const {
  SHA256_CTX context;
  std::memcpy(&context, state_.data(), sizeof context);
  Sha256 digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

// RFC 2104 with a block of 64 bytes.
HmacStream::HmacStream(std::string_view key) {
  std::array<char, 64> block{};
  Sha256 digest;
  if (key.size() > block.size()) {
    digest = sha256(key);
    key = view(digest);
  }
  if (!key.empty()) std::memcpy(block.data(), key.data(), key.size());
  for (char& c : block) c = static_cast<char>(c ^ 0x36);
  inner_.add({block.data(), block.size()});
  for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
  outer_.add({block.data(), block.size()});
  OPENSSL_cleanse(block.data(), block.size());
}

Sha256 HmacStream::digest() const {
  Sha256Stream outer = outer_;
  const Sha256 inner = inner_.digest();
  outer.add(view(inner));
  return outer.digest();
}

std::string sha256_base64(std::string_view bytes) { return base64_encode(view(sha256(bytes))); }

std::string percent_encode(std::string_view text, Slash slash) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  for (const unsigned char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::keep)) {
      out.push_back(static_cast<char>(c));
    } else {
      out.push_back('%');
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
    } else {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

}  // namespace lambdapool

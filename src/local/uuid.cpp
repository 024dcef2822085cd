#include "local/uuid.hpp"

#include <sys/random.h>

#include "core/error.hpp"

namespace lambdapool::local {

std::string random_uuid() {
  unsigned char bytes[16];
  LAMBDAPOOL_CHECK(getrandom(bytes, sizeof bytes, 0) == sizeof bytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(digits[bytes[i] >> 4]);
    text.push_back(digits[bytes[i] & 0x0f]);
  }
  return text;
}

std::string random_secret() {
  std::string bytes(32, '\0');
  LAMBDAPOOL_CHECK(getrandom(bytes.data(), bytes.size(), 0) == 32);
  return bytes;
}

}  // namespace lambdapool::local

#include "local/store/uuid.hpp"

#include <utility>

#include "core/encoding.hpp"
#include "core/random.hpp"

namespace lambdapool::local {

namespace {

constexpr std::size_t uuid_bytes = 16;

std::string uuid_of(std::string bytes) {
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string text = hex_encode(bytes);
  for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace

std::string random_uuid() { return uuid_of(random_bytes(uuid_bytes)); }

std::string Uuids::next() {
  if (noise_.empty()) noise_ = random_bytes(16 * uuid_bytes);
  std::string bytes = noise_.substr(noise_.size() - uuid_bytes);
  noise_.resize(noise_.size() - uuid_bytes);
  return uuid_of(std::move(bytes));
}

}  // namespace lambdapool::local

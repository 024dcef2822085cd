#include "local/temporary_credentials.hpp"

#include "core/random.hpp"

namespace lambdapool::local {
namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// `alphabet`: of a size that divides 256.
std::string random_text(std::size_t size, std::string_view alphabet) {
  std::string text = random_bytes(size);
  for (auto& c : text) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return text;
}

}  // namespace

sigv4::Identity temporary_credentials() {
  return {"ASIA" + random_text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), random_text(40, base64_digits),
          "IQoJb3JpZ2luX2Vj" + random_text(240, base64_digits)};
}

}  // namespace lambdapool::local

#include "gcp/credentials/jwt.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::gcp {
namespace {

using nlohmann::json;

struct Release {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

std::string base64url(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

// "" where it is none.
std::string from_base64url(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return base64_decode(text).value_or("");
}

int no_password(char*, int, int, void*) { return 0; }

Result<std::string> signature_of(std::string_view text, const std::string& private_key) {
  const Owned<BIO> pem(BIO_new_mem_buf(private_key.data(), static_cast<int>(private_key.size())));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(pem.get(), nullptr, no_password, nullptr));
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(ErrorKind::credentials, "its private_key is no RSA key in PEM");
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_size(key.get())), '\0');
  std::size_t size = signature.size();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                     text.size()) != 1)
    return fail(ErrorKind::credentials, "its private_key cannot sign");
  signature.resize(size);
  return signature;
}

}  // namespace

Result<std::string> sign_jwt(std::string_view claims, const std::string& key_id,
                             const std::string& private_key) {
  json head{{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key_id.empty()) head["kid"] = key_id;
  std::string token = base64url(head.dump()) + "." + base64url(claims);
  const auto signature = signature_of(token, private_key);
  if (!signature) return signature;
  return token + "." + base64url(*signature);
}

std::optional<std::chrono::system_clock::time_point> end_of_jwt(std::string_view token) {
  const auto begin = token.find('.');
  const auto end = token.find('.', begin + 1);
  if (begin == std::string_view::npos || end == std::string_view::npos) return std::nullopt;
  const json claims =
      json::parse(from_base64url(std::string(token.substr(begin + 1, end - begin - 1))), nullptr, false);
  if (!claims.is_object() || !claims.contains("exp") || !claims.at("exp").is_number()) return std::nullopt;
  constexpr double latest = 253'402'300'799;  // of the year 9999
  const double seconds = std::clamp(claims.at("exp").get<double>(), 0.0, latest);
  return nearest_time(std::chrono::sys_time<std::chrono::milliseconds>(
      std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000))));
}

}  // namespace lambdapool::gcp

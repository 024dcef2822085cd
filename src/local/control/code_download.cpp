#include "local/control/code_download.hpp"

#include <charconv>
#include <fstream>

#include "core/encoding.hpp"

namespace lambdapool::local {
namespace {

constexpr auto lifetime = std::chrono::minutes(10);

std::string token(const std::string& secret, const std::string& sha256, const std::string& expires) {
  const auto digest = hmac_sha256(secret, sha256 + "\n" + expires);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::function<std::string(const std::string& sha256)> CodeDownload::locator(
    std::string_view host, std::chrono::system_clock::time_point now) const {
  const auto expires = std::to_string(std::chrono::system_clock::to_time_t(now + lifetime));
  return [secret = secret_, base = "http://" + std::string(host) + "/code/",
          expires](const std::string& sha256) {
    return base + sha256 + "?expires=" + expires + "&token=" + token(secret, sha256, expires);
  };
}

OrRefusal<std::string> CodeDownload::permitted(const Route& route,
                                               std::chrono::system_clock::time_point now) const {
  const auto& sha256 = route.parameters[0];
  const auto expires = route.query_value("expires");
  std::int64_t until = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), until);
  const bool current = until >= std::chrono::system_clock::to_time_t(now);
  if (current && sha256_hex(token(secret_, sha256, expires)) == sha256_hex(route.query_value("token")))
    return sha256;
  return refuse(403, "AccessDeniedException",
                "Request has expired, or its token is wrong: call GetFunction again.");
}

http::Response code_response(const std::filesystem::path& zip) {
  std::ifstream file(zip, std::ios::binary);
  http::Response response;
  response.body.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  if (!file) return refusal_response(not_found("The code has been deleted meanwhile.").value());
  response.headers.add("Content-Type", "application/zip");
  return response;
}

}  // namespace lambdapool::local

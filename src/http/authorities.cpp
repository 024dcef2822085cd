#include "http/authorities.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace lambdapool::http {
namespace {

namespace fs = std::filesystem;

constexpr std::array directories = {"etc/ssl/certs", "etc/pki/tls/certs"};
constexpr std::array files = {
    "etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "etc/pki/tls/certs/ca-bundle.crt",                   // Red Hat, Fedora, Amazon Linux
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // the same, newer
    "etc/ssl/ca-bundle.pem",                             // SUSE
    "etc/ssl/cert.pem",                                  // Alpine without ca-certificates
};
constexpr std::array brought = {"certifi/cacert.pem", "pip/_vendor/certifi/cacert.pem",
                                "botocore/cacert.pem"};

// "5ed36f99.0": what `openssl rehash` calls a certificate.
bool is_hash(std::string_view name) {
  constexpr std::size_t digits = 8;
  return name.size() == digits + 2 && name.ends_with(".0") &&
         std::all_of(name.begin(), name.begin() + digits,
                     [](char each) { return (each >= '0' && each <= '9') || (each >= 'a' && each <= 'f'); });
}

bool has_hashes(const fs::path& directory) {
  std::error_code ended;
  for (fs::directory_iterator each(directory, ended), end; !ended && each != end; each.increment(ended))
    if (is_hash(each->path().filename().string())) return true;
  return false;
}

bool has_content(const fs::path& file) {
  std::error_code failed;
  return fs::is_regular_file(file, failed) && fs::file_size(file, failed) > 0 && !failed;
}

}  // namespace

std::optional<Authorities> find_authorities(const fs::path& root, const fs::path& packages) {
  for (const char* each : directories)
    if (has_hashes(root / each)) return Authorities{.directory = root / each};
  for (const char* each : files)
    if (has_content(root / each)) return Authorities{.file = root / each};
  for (const char* each : brought)
    if (has_content(packages / each)) return Authorities{.file = packages / each};
  return std::nullopt;
}

fs::path packages_beside_this() {
  Dl_info info = {};
  if (::dladdr(reinterpret_cast<const void*>(&find_authorities), &info) == 0 || !info.dli_fname) return {};
  return fs::path(info.dli_fname).parent_path().parent_path();
}

}  // namespace lambdapool::http

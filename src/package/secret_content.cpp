#include "package/secret_content.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace lambdapool::package {
namespace {

constexpr auto npos = std::string_view::npos;

bool has(std::string_view bytes, std::string_view part) { return bytes.find(part) != npos; }

// "-----BEGIN RSA PRIVATE KEY-----" with a line's end behind it, which may be written "\n" as in JSON. In a
// program that compares with it, a quotation mark is there.
bool has_pem_key(std::string_view bytes) {
  for (std::size_t at = 0; (at = bytes.find("PRIVATE KEY", at)) != npos; ++at) {
    std::string_view rest = bytes.substr(at + std::string_view("PRIVATE KEY").size());
    if (rest.starts_with(" BLOCK")) rest.remove_prefix(std::string_view(" BLOCK").size());
    const std::string_view before = bytes.substr(0, at);
    const auto line = before.rfind("-----BEGIN ");
    if (!rest.starts_with("-----") || line == npos || before.substr(line).find('\n') != npos) continue;
    rest.remove_prefix(5);
    while (rest.starts_with(' ') || rest.starts_with('\r')) rest.remove_prefix(1);
    if (rest.empty() || rest.starts_with('\n') || rest.starts_with("\\n") || rest.starts_with("\\r"))
      return true;
  }
  return false;
}

// PKCS #1 and #8 as DER: a sequence with a two-byte length that begins with the version 0.
bool is_der_key(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 64 || byte(0) != 0x30 || byte(1) != 0x82) return false;
  if ((static_cast<std::size_t>(byte(2)) << 8U | byte(3)) + 4 != bytes.size()) return false;
  return byte(4) == 0x02 && byte(5) == 0x01 && byte(6) == 0x00 && (byte(7) == 0x30 || byte(7) == 0x02);
}

// "aws_secret_access_key = " or "AWS_SECRET_ACCESS_KEY=" and forty characters.
bool has_aws_key(std::string_view bytes) {
  constexpr std::size_t key_characters = 40;
  for (const std::string_view name : {"aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"}) {
    for (std::size_t at = 0; (at = bytes.find(name, at)) != npos; ++at) {
      auto rest = bytes.substr(at + name.size());
      rest.remove_prefix(std::min(rest.size(), std::min(rest.find_first_not_of(" \t:='\""), rest.size())));
      const auto length = std::find_if(rest.begin(), rest.end(),
                                       [](unsigned char c) {
                                         return std::isalnum(c) == 0 && c != '/' && c != '+' && c != '=';
                                       }) -
                          rest.begin();
      if (static_cast<std::size_t>(length) == key_characters) return true;
    }
  }
  return false;
}

}  // namespace

const char* secret_by_content(std::string_view bytes) {
  if (has(bytes, "\"service_account\"") && has(bytes, "\"private_key\"")) return "a service account's key";
  if (has_pem_key(bytes) || is_der_key(bytes) || bytes.starts_with("PuTTY-User-Key-File-"))
    return "a private key";
  if (has_aws_key(bytes)) return "a secret access key of AWS";
  if (has(bytes, "\"auths\"") && has(bytes, "\"auth\"")) return "docker's passwords";
  if (has(bytes, "client-key-data:") || (has(bytes, "kind: Config") && has(bytes, "current-context:")))
    return "keys of a Kubernetes cluster";
  return nullptr;
}

}  // namespace lambdapool::package

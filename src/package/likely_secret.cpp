#include "package/likely_secret.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string_view>

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;

// A .pem is as often a certificate, and a .key anything.
bool has_private_key(const ZipEntry& entry) {
  constexpr std::size_t enough = 1 << 16;
  std::string text;
  if (const auto* path = std::get_if<fs::path>(&entry.content)) {
    text.resize(enough);
    std::ifstream file(*path, std::ios::binary);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  } else {
    text = std::get<std::string>(entry.content);
  }
  return text.find("PRIVATE KEY-----") != std::string::npos;
}

bool is_env_file(const std::string& name) {
  constexpr std::array harmless = {".example", ".sample", ".template", ".dist"};
  if (name == ".env") return true;
  return name.starts_with(".env.") &&
         std::none_of(harmless.begin(), harmless.end(), [&](const char* end) { return name.ends_with(end); });
}

// The directory .aws or .ssh that the entry is in, as "a/.aws/"; "" where it is in none.
std::string secret_directory(const std::string& name) {
  for (const char* directory : {".aws/", ".ssh/"}) {
    const auto at = ("/" + name).find(std::string("/") + directory);
    if (at != std::string::npos) return name.substr(0, at + std::string_view(directory).size());
  }
  return "";
}

}  // namespace

std::vector<std::string> likely_secrets(const std::vector<ZipEntry>& entries) {
  std::set<std::string> found;
  for (const ZipEntry& entry : entries) {
    const fs::path path(entry.name);
    const std::string file = path.filename().string();
    if (const auto directory = secret_directory(entry.name); !directory.empty())
      found.insert(directory);
    else if (is_env_file(file) || file == "id_rsa" || file == "id_ed25519" ||
             ((path.extension() == ".pem" || path.extension() == ".key") && has_private_key(entry)))
      found.insert(entry.name);
  }
  return {found.begin(), found.end()};
}

}  // namespace lambdapool::package

#include "package/likely_secret.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <string_view>
#include <utility>

#include "core/utf8.hpp"
#include "package/copied_paths.hpp"
#include "package/secret_content.hpp"

namespace lambdapool::package {
namespace {

namespace fs = std::filesystem;

struct Named {
  const char* pattern;  // of the file's name, or of the last of its directories and its name
  const char* what;
};

constexpr std::array names = {
    Named{".netrc", "passwords of hosts"},
    Named{"_netrc", "passwords of hosts"},
    Named{".npmrc", "npm's settings with its token"},
    Named{".yarnrc.yml", "yarn's settings with its token"},
    Named{".pypirc", "passwords of package indexes"},
    Named{".git-credentials", "git's passwords"},
    Named{".dockercfg", "docker's passwords"},
    Named{".dockerconfigjson", "docker's passwords"},
    Named{".docker/config.json", "docker's passwords"},
    Named{".kube/config", "keys of a Kubernetes cluster"},
    Named{"kubeconfig", "keys of a Kubernetes cluster"},
    Named{"*.kubeconfig", "keys of a Kubernetes cluster"},
    Named{"credentials", "credentials"},
    Named{"credentials.json", "credentials"},
    Named{"credentials.toml", "credentials"},
    Named{"credentials.csv", "credentials"},
    Named{"application_default_credentials.json", "credentials"},
    Named{"accessKeys.csv", "an access key of AWS"},
    Named{".pgpass", "passwords of databases"},
    Named{".my.cnf", "passwords of databases"},
    Named{".htpasswd", "passwords"},
    Named{".s3cfg", "keys of S3"},
    Named{".boto", "keys of S3"},
    Named{".vault-token", "a token"},
    Named{".terraformrc", "a token"},
    Named{".databrickscfg", "a token"},
    Named{"*.tfstate", "Terraform's state with its secrets"},
    Named{"*.tfstate.backup", "Terraform's state with its secrets"},
    Named{"id_rsa", "a private key"},
    Named{"id_dsa", "a private key"},
    Named{"id_ecdsa", "a private key"},
    Named{"id_ed25519", "a private key"},
    Named{"*.ppk", "a private key"},
    Named{"*.p12", "a private key"},
    Named{"*.pfx", "a private key"},
    Named{"*.jks", "a private key"},
    Named{"*.keystore", "a private key"},
    Named{"*.kdbx", "a store of passwords"},
    Named{".streamlit/secrets.toml", "secrets"},
};

bool is_env_file(const std::string& name) {
  constexpr std::array harmless = {".example", ".sample", ".template", ".dist"};
  if (name == ".env") return true;
  return name.starts_with(".env.") &&
         std::none_of(harmless.begin(), harmless.end(), [&](const char* end) { return name.ends_with(end); });
}

const char* secret_by_name(const fs::path& path) {
  const std::string file = path.filename().string();
  if (is_env_file(file)) return "an environment's secrets";
  const std::string below = (path.parent_path().filename() / file).string();
  for (const auto& [pattern, what] : names)
    if (fnmatch(pattern, file.c_str(), 0) == 0 || fnmatch(pattern, below.c_str(), 0) == 0) return what;
  return nullptr;
}

// The directory .aws, .ssh and so on that the entry is in, as "a/.aws/"; "" where it is in none.
std::string secret_directory(const std::string& name) {
  for (const char* directory : {".aws/", ".ssh/", ".gnupg/", ".azure/"}) {
    const auto at = ("/" + name).find(std::string("/") + directory);
    if (at != std::string::npos) return name.substr(0, at + std::string_view(directory).size());
  }
  return "";
}

// Enough for any key's file; what lies deeper in a larger one is data.
std::string beginning(const ZipEntry& entry) {
  constexpr std::size_t enough = 1 << 20;
  if (const auto* bytes = std::get_if<std::string>(&entry.content)) return bytes->substr(0, enough);
  std::ifstream file(std::get<fs::path>(entry.content), std::ios::binary);
  std::string text(enough, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

const char* secret_of(const ZipEntry& entry) {
  if (const char* what = secret_by_name(entry.name)) return what;
  // A link may lead to a secret under a harmless name.
  if (const auto* path = std::get_if<fs::path>(&entry.content))
    if (const char* what = secret_by_name(*path)) return what;
  return secret_by_content(beginning(entry));
}

bool is_allowed(const std::string& name, const std::vector<std::string>& allowed) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& each) {
    const std::string directory = each.ends_with('/') ? each : each + "/";
    return name == each || name == directory || name.starts_with(directory);
  });
}

}  // namespace

std::vector<LikelySecret> likely_secrets(const std::vector<ZipEntry>& entries) {
  std::map<std::string, std::string> found;
  for (const ZipEntry& entry : entries) {
    if (entry.name.ends_with('/')) continue;
    if (const auto directory = secret_directory(entry.name); !directory.empty())
      found.emplace(directory, "keys");
    else if (const char* what = secret_of(entry))
      found.emplace(entry.name, what);
  }
  std::vector<LikelySecret> secrets;
  for (auto& [name, what] : found) secrets.push_back({name, what});
  return secrets;
}

std::vector<std::string> allowed_names(const std::vector<fs::path>& paths, std::vector<std::string> named) {
  for (const fs::path& path : paths) {
    const auto name = name_in_function(path);
    std::error_code error;
    if (!name) continue;
    if (!fs::is_directory(path, error) || !secret_directory(*name + "/").empty()) named.push_back(*name);
  }
  return named;
}

Result<void> refuse_secrets(const std::vector<ZipEntry>& entries, const std::vector<std::string>& allowed) {
  std::string text;
  for (const LikelySecret& secret : likely_secrets(entries))
    if (!is_allowed(secret.name, allowed))
      text += (text.empty() ? "" : ", ") + utf8::escaped(secret.name) + " (" + secret.what + ")";
  if (text.empty()) return {};
  return fail(ErrorKind::invalid_argument,
              "What looks like secrets would go into the package: " + text +
                  "; move them elsewhere, or name each that the function needs with --allow-secret NAME.");
}

}  // namespace lambdapool::package

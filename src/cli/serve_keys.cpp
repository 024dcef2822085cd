#include "cli/serve_keys.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "aws/credentials/config_file.hpp"
#include "core/random.hpp"

namespace lambdapool::cli {
namespace {

constexpr const char* key_variable = "LAMBDAPOOL_SERVE_ACCESS_KEY_ID";
constexpr const char* secret_variable = "LAMBDAPOOL_SERVE_SECRET_ACCESS_KEY";

tl::unexpected<Error> refused(std::string message) {
  return fail(ErrorKind::invalid_argument, std::move(message));
}

Result<sigv4::Identity> from_file(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0)
    return refused("The keys file " + path + " cannot be read: " + std::strerror(errno) + ".");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refused("The keys file " + path + " can be read by others: make it yours alone with 'chmod 600 " +
                   path + "'.");
  const auto file = aws::ConfigFile::read(aws::ConfigFile::Kind::credentials, path);
  if (!file) return tl::unexpected(file.error());
  const auto* section = file->profile("default");
  sigv4::Identity keys;
  if (section != nullptr) keys = {section->get("aws_access_key_id"), section->get("aws_secret_access_key")};
  if (!keys.access_key_id.empty() && !keys.secret_access_key.empty()) return keys;
  return refused("The keys file " + path +
                 " needs a section [default] with aws_access_key_id and aws_secret_access_key.");
}

}  // namespace

Result<std::optional<RequiredKey>> serve_keys(const ServeOptions& options, const Environment& environment) {
  if (options.keys) {
    auto keys = from_file(*options.keys);
    if (!keys) return tl::unexpected(keys.error());
    return RequiredKey{std::move(*keys)};
  }
  const auto key = environment.get(key_variable);
  const auto secret = environment.get(secret_variable);
  if (key.has_value() != secret.has_value())
    return refused(std::string(key_variable) + " and " + secret_variable + " go together.");
  if (key) return RequiredKey{{*key, *secret}};
  if (options.require_signature) return RequiredKey{{"AKIALOCAL" + random_hex(6), random_hex(20)}, true};
  return std::nullopt;
}

}  // namespace lambdapool::cli

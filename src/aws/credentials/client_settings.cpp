#include "aws/credentials/client_settings.hpp"

#include <charconv>

#include "aws/credentials/config_file.hpp"

namespace lambdapool::aws {
namespace {

struct Setting {
  std::string value;
  std::string from;
};

std::optional<Setting> find(const char* variable, const char* property, const Profile& profile,
                            const Environment& environment) {
  if (auto value = environment.get(variable)) return Setting{*value, variable};
  if (auto value = profile.merged.get(property); !value.empty())
    return Setting{value, std::string(property) + " of the profile \"" + profile.name + "\""};
  return std::nullopt;
}

Result<int> attempts_of(const Setting& setting) {
  int attempts = 0;
  const char* end = setting.value.data() + setting.value.size();
  const auto [stop, status] = std::from_chars(setting.value.data(), end, attempts);
  if (status == std::errc() && stop == end && attempts >= 1) return attempts;
  return fail(ErrorKind::invalid_argument,
              setting.from + " must be a number of attempts, 1 or more, not '" + setting.value + "'");
}

Result<void> check_mode(const Setting& setting) {
  for (const char* known : {"standard", "adaptive", "legacy"}) {
    if (setting.value == known) return {};
  }
  return fail(ErrorKind::invalid_argument,
              setting.from + " must be standard, adaptive or legacy, not '" + setting.value + "'");
}

}  // namespace

Result<ClientSettings> resolve_client_settings(const Explicit& given, const Environment& environment) {
  const auto profile = load_profile(given.profile, environment);
  if (!profile) return tl::unexpected(profile.error());
  ClientSettings settings;
  if (const auto bundle = find("AWS_CA_BUNDLE", "ca_bundle", *profile, environment)) {
    settings.ca_bundle = bundle->value;
  } else {
    const auto requests = environment.get("REQUESTS_CA_BUNDLE");
    settings.ca_bundle = requests ? *requests : environment.get("SSL_CERT_FILE").value_or("");
  }
  if (const auto mode = find("AWS_RETRY_MODE", "retry_mode", *profile, environment)) {
    if (auto known = check_mode(*mode); !known) return tl::unexpected(std::move(known.error()));
  }
  if (const auto attempts = find("AWS_MAX_ATTEMPTS", "max_attempts", *profile, environment)) {
    const auto number = attempts_of(*attempts);
    if (!number) return tl::unexpected(number.error());
    settings.max_attempts = *number;
  }
  return settings;
}

}  // namespace lambdapool::aws

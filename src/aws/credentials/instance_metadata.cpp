#include "aws/credentials/instance_metadata.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/ascii.hpp"

namespace lambdapool::aws {

namespace {

using ascii::lower;

struct MetadataSetting {
  std::string value;
  std::string from;
};

MetadataSetting setting(const Environment& environment, const Profile& profile, const char* variable,
                        const char* property) {
  if (auto value = environment.get(variable)) return {*value, variable};
  return {profile.merged.get(property), std::string(property) + " of the profile \"" + profile.name + "\""};
}

// A positive number, or the default where nothing is set.
Result<double> positive(const MetadataSetting& setting, double otherwise) {
  if (setting.value.empty()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(setting.value.c_str(), &end);
  if (*end == '\0' && std::isfinite(value) && value > 0 && value <= 3'600) return value;
  return fail(ErrorKind::invalid_argument,
              "\"" + setting.value + "\" (from " + setting.from + ") is not a positive number");
}

Result<void> set_endpoint(InstanceMetadata& out, const Environment& environment, const Profile& profile) {
  const auto mode = setting(environment, profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                            "ec2_metadata_service_endpoint_mode");
  const auto ipv6 = setting(environment, profile, "AWS_IMDS_USE_IPV6", "imds_use_ipv6");
  if (!mode.value.empty() && lower(mode.value) != "ipv4" && lower(mode.value) != "ipv6")
    return fail(ErrorKind::invalid_argument,
                "\"" + mode.value + "\" (from " + mode.from + ") is neither ipv4 nor ipv6");
  const bool wants_ipv6 = mode.value.empty() ? lower(ipv6.value) == "true" : lower(mode.value) == "ipv6";
  auto where =
      setting(environment, profile, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  if (where.value.empty()) where.value = wants_ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  auto url = where.value;
  const auto authority = url.find("://");
  const auto path = authority == std::string::npos ? authority : url.find('/', authority + 3);
  if (path != std::string::npos) {
    out.base_path = url.substr(path);
    url.resize(path);
    while (out.base_path.ends_with('/')) out.base_path.pop_back();
  }
  auto endpoint = http::Endpoint::parse(url);
  if (!endpoint)
    return fail(ErrorKind::invalid_argument,
                "\"" + where.value + "\" (from " + where.from +
                    ") is not an endpoint; one looks like http://169.254.169.254");
  out.endpoint = *std::move(endpoint);
  return {};
}

}  // namespace

Result<InstanceMetadata> instance_metadata(const Environment& environment, const Profile& profile) {
  InstanceMetadata out;
  out.disabled = lower(environment.get("AWS_EC2_METADATA_DISABLED").value_or("")) == "true";
  if (auto set = set_endpoint(out, environment, profile); !set) return tl::unexpected(std::move(set.error()));
  const auto timeout =
      positive(setting(environment, profile, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1);
  if (!timeout) return tl::unexpected(timeout.error());
  const auto attempts = positive(
      setting(environment, profile, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1);
  if (!attempts) return tl::unexpected(attempts.error());
  out.timeout = std::chrono::milliseconds(std::lround(*timeout * 1'000));
  out.attempts = static_cast<int>(std::ceil(*attempts));
  const auto version1 =
      setting(environment, profile, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
  if (lower(version1.value) == "true") out.version1 = InstanceMetadata::Version1::disabled;
  return out;
}

}  // namespace lambdapool::aws

// Region and address: the second half of credentials.hpp.
#include <algorithm>
#include <utility>

#include "aws/config_file.hpp"
#include "aws/credentials.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view name;
  std::string_view suffix;
  std::string_view iam_host;
  std::string_view iam_region;
};

// botocore's partitions.json and endpoints.json. The last one is that of every other region.
constexpr Partition partitions[] = {
    {"cn-", "aws-cn", "amazonaws.com.cn", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"},
    {"us-gov-", "aws-us-gov", "amazonaws.com", "iam.us-gov.amazonaws.com", "us-gov-west-1"},
    {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"},
    {"us-iso-", "aws-iso", "c2s.ic.gov", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"},
    {"eusc-", "aws-eusc", "amazonaws.eu", "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
    {"", "aws", "amazonaws.com", "iam.amazonaws.com", "us-east-1"},
};

const Partition& partition(std::string_view region) {
  return *std::find_if(std::begin(partitions), std::end(partitions),
                       [&](const Partition& p) { return region.starts_with(p.region_prefix); });
}

// A region becomes part of a host name, so it must be a label of one.
bool is_host_label(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<std::string> checked_region(std::string region, const std::string& from) {
  if (is_host_label(region)) return region;
  return fail(ErrorKind::invalid_argument,
              "\"" + region + "\" (from " + from +
                  ") is not an AWS region; one is called, for example, eu-central-1");
}

bool is_true(const std::string& text) {
  return text == "true" || text == "True" || text == "TRUE" || text == "1";
}

// What AWS's settings call a service: its service id in snake case.
std::string settings_name(const std::string& service) {
  return service == "logs" ? "cloudwatch_logs" : service;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

struct Configured {
  std::string url;
  std::string from;
};

std::optional<Configured> configured_url(const Environment& environment, const Profile& profile,
                                         const std::string& service) {
  const auto name = settings_name(service);
  for (const auto& variable : {"AWS_ENDPOINT_URL_" + upper(name), std::string("AWS_ENDPOINT_URL")}) {
    if (auto url = environment.get(variable)) return Configured{*url, variable};
  }
  const auto profile_place = "the profile \"" + profile.name + "\" in " + profile.config_path.string();
  if (const auto* property = profile.services.find(name)) {
    const auto url = property->nested.find("endpoint_url");
    if (url != property->nested.end())
      return Configured{url->second, "the services section of " + profile_place};
  }
  if (auto url = profile.merged.get("endpoint_url"); !url.empty()) return Configured{url, profile_place};
  return std::nullopt;
}

std::string default_url(const std::string& service, const std::string& region, bool fips) {
  const auto& p = partition(region);
  if (service == "iam" && !fips) return "https://" + std::string(p.iam_host);
  if (service == "iam" && p.name == "aws") return "https://iam-fips.amazonaws.com";
  if (service == "iam") return "https://" + std::string(p.iam_host);
  return "https://" + service + (fips ? "-fips." : ".") + region + "." + std::string(p.suffix);
}

// A setting that both the environment and the profile may make.
bool is_set(const Environment& environment, const char* variable, const Profile& profile,
            const char* property) {
  const auto value = environment.get(variable);
  return is_true(value ? *value : profile.merged.get(property));
}

}  // namespace

Result<std::string> resolve_region(const Explicit& given, const Environment& environment) {
  if (given.region) return checked_region(*given.region, "the argument");
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment.get(variable)) return checked_region(*region, variable);
  }
  const auto profile = load_profile(given.profile, environment);
  if (!profile) return tl::unexpected(profile.error());
  if (auto region = profile->merged.get("region"); !region.empty()) {
    return checked_region(region, "the profile \"" + profile->name + "\"");
  }
  return fail(ErrorKind::invalid_argument,
              "no AWS region: name one with --region or AWS_REGION, or give the profile \"" + profile->name +
                  "\" in " + profile->config_path.string() +
                  " a region (`aws configure set region eu-central-1`)");
}

Result<std::string> resolve_endpoint_url(const Explicit& given, const Environment& environment,
                                         const std::string& service, const std::string& region) {
  const auto profile = load_profile(given.profile, environment);
  if (!profile) return tl::unexpected(profile.error());
  const bool fips = is_set(environment, "AWS_USE_FIPS_ENDPOINT", *profile, "use_fips_endpoint");
  if (is_set(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", *profile,
             "ignore_configured_endpoint_urls")) {
    return default_url(service, region, fips);
  }
  const auto configured = configured_url(environment, *profile, service);
  if (!configured) return default_url(service, region, fips);
  if (http::Endpoint::parse(configured->url)) return configured->url;
  return fail(ErrorKind::invalid_argument, "\"" + configured->url + "\" (from " + configured->from +
                                               ") is not an endpoint; one looks like http://127.0.0.1:9001");
}

std::string signing_region(const std::string& service, const std::string& region) {
  return service == "iam" ? std::string(partition(region).iam_region) : region;
}

std::string partition_of(const std::string& region) { return std::string(partition(region).name); }

}  // namespace lambdapool::aws

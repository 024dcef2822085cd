#include "aws/endpoint.hpp"

#include <algorithm>
#include <utility>

#include "aws/credentials/config_file.hpp"
#include "http/message.hpp"

namespace lambdapool::aws {

namespace {

enum class Fips { no, yes };
enum class DualStack { no, yes };

// IAM has one address for a partition, in four variants that follow no rule.
struct IamHosts {
  std::string_view region;
  std::string_view plain, fips, dual_stack, fips_dual_stack;
};

struct Partition {
  std::string_view region_prefix;
  std::string_view name;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
  IamHosts iam;
};

// botocore's partitions.json and endpoint rule sets. The last one is that of every other region.
constexpr Partition partitions[] = {
    {"cn-",
     "aws-cn",
     "amazonaws.com.cn",
     "api.amazonwebservices.com.cn",
     {"cn-north-1", "iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
      "iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn"}},
    {"us-gov-",
     "aws-us-gov",
     "amazonaws.com",
     "api.aws",
     {"us-gov-west-1", "iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws",
      "iam.us-gov.api.aws"}},
    {"us-isob-",
     "aws-iso-b",
     "sc2s.sgov.gov",
     "api.aws.scloud",
     {"us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov",
      "iam.api.aws.scloud", "iam-fips.api.aws.scloud"}},
    {"us-iso-",
     "aws-iso",
     "c2s.ic.gov",
     "api.aws.ic.gov",
     {"us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov",
      "iam.api.aws.ic.gov", "iam-fips.api.aws.ic.gov"}},
    {"eu-isoe-",
     "aws-iso-e",
     "cloud.adc-e.uk",
     "api.cloud-aws.adc-e.uk",
     {"eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk",
      "iam.api.cloud-aws.adc-e.uk", "iam-fips.api.cloud-aws.adc-e.uk"}},
    {"us-isof-",
     "aws-iso-f",
     "csp.hci.ic.gov",
     "api.aws.hci.ic.gov",
     {"us-isof-south-1", "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov",
      "iam.api.aws.hci.ic.gov", "iam-fips.api.aws.hci.ic.gov"}},
    {"eusc-",
     "aws-eusc",
     "amazonaws.eu",
     "api.amazonwebservices.eu",
     {"eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu",
      "iam.global.api.amazonwebservices.eu", "iam-fips.api.amazonwebservices.eu"}},
    {"",
     "aws",
     "amazonaws.com",
     "api.aws",
     {"us-east-1", "iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws",
      "iam-fips.global.api.aws"}},
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

bool is_true(const std::string& text) { return http::equal_ignoring_case(text, "true"); }

// What AWS's settings call a service: its service id in snake case.
std::string settings_name(const std::string& service) {
  if (service == "logs") return "cloudwatch_logs";
  if (service == "sso-oidc") return "sso_oidc";
  return service;
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

std::string_view iam_host(const IamHosts& iam, Fips fips, DualStack dual_stack) {
  if (dual_stack == DualStack::yes) return fips == Fips::yes ? iam.fips_dual_stack : iam.dual_stack;
  return fips == Fips::yes ? iam.fips : iam.plain;
}

std::string host_prefix(const std::string& service) {
  if (service == "sso") return "portal.sso";
  if (service == "sso-oidc") return "oidc";
  return service;
}

Result<std::string> default_url(const std::string& service, const std::string& region, Fips fips,
                                DualStack dual_stack) {
  const auto& p = partition(region);
  if (service == "iam") return "https://" + std::string(iam_host(p.iam, fips, dual_stack));
  if (service == "s3") {
    if (fips == Fips::yes && p.name == "aws-cn")
      return fail(ErrorKind::invalid_argument, "S3 has no FIPS endpoints in " + region +
                                                   "; unset AWS_USE_FIPS_ENDPOINT (use_fips_endpoint)");
    return std::string("https://s3") + (fips == Fips::yes ? "-fips" : "") +
           (dual_stack == DualStack::yes ? ".dualstack." : ".") + region + "." + std::string(p.suffix);
  }
  // GovCloud's ordinary addresses are FIPS ones, but for Lambda, whose has a name of its own.
  const bool all_fips = p.name == "aws-us-gov" && service != "lambda" && dual_stack == DualStack::no;
  const auto suffix = dual_stack == DualStack::yes ? p.dual_stack_suffix : p.suffix;
  return "https://" + host_prefix(service) + (fips == Fips::yes && !all_fips ? "-fips." : ".") + region +
         "." + std::string(suffix);
}

// A setting that both the environment and the profile may make.
bool is_set(const Environment& environment, const char* variable, const Profile& profile,
            const char* property) {
  const auto value = environment.get(variable);
  return is_true(value ? *value : profile.merged.get(property));
}

}  // namespace

Result<std::string> checked_region(std::string region, const std::string& from) {
  if (is_host_label(region)) return region;
  return fail(ErrorKind::invalid_argument,
              "\"" + region + "\" (from " + from +
                  ") is not an AWS region; one is called, for example, eu-central-1");
}

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
  const auto fips =
      is_set(environment, "AWS_USE_FIPS_ENDPOINT", *profile, "use_fips_endpoint") ? Fips::yes : Fips::no;
  const auto dual_stack =
      is_set(environment, "AWS_USE_DUALSTACK_ENDPOINT", *profile, "use_dualstack_endpoint") ? DualStack::yes
                                                                                            : DualStack::no;
  if (is_set(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", *profile,
             "ignore_configured_endpoint_urls")) {
    return default_url(service, region, fips, dual_stack);
  }
  if (!profile->missing_services.empty())
    return fail(ErrorKind::invalid_argument, "the profile \"" + profile->name +
                                                 "\" has services = " + profile->missing_services +
                                                 ", and there is no [services " + profile->missing_services +
                                                 "] in " + profile->config_path.string());
  const auto configured = configured_url(environment, *profile, service);
  if (!configured) return default_url(service, region, fips, dual_stack);
  if (http::Endpoint::parse(configured->url)) return configured->url;
  return fail(ErrorKind::invalid_argument, "\"" + configured->url + "\" (from " + configured->from +
                                               ") is not an endpoint; one looks like http://127.0.0.1:9001");
}

std::string signing_region(const std::string& service, const std::string& region) {
  return service == "iam" ? std::string(partition(region).iam.region) : region;
}

std::string partition_of(const std::string& region) { return std::string(partition(region).name); }

}  // namespace lambdapool::aws

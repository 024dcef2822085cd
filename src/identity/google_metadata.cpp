#include "identity/google_metadata.hpp"

#include <nlohmann/json.hpp>

#include "core/whole_number.hpp"
#include "gcp/credentials/jwt.hpp"

namespace lambdapool::identity::google_metadata {
namespace {

constexpr std::uint64_t seconds_max = 60;

std::uint64_t number(const Environment& environment, const char* name, std::uint64_t usual) {
  const auto text = environment.get(name);
  const auto given = text ? whole_number(*text) : std::nullopt;
  return given && *given > 0 && *given <= seconds_max ? *given : usual;
}

}  // namespace

std::string host(const Environment& environment) {
  for (const char* name : {"GCE_METADATA_HOST", "GCE_METADATA_ROOT"})
    if (const auto given = environment.get(name)) return *given;
  return "metadata.google.internal";
}

std::string ping_url(const Environment& environment) {
  return "http://" + environment.get("GCE_METADATA_IP").value_or("169.254.169.254");
}

std::chrono::milliseconds patience(const Environment& environment) {
  return std::chrono::seconds(number(environment, "GCE_METADATA_TIMEOUT", 3));
}

int attempts(const Environment& environment) {
  return static_cast<int>(number(environment, "GCE_METADATA_DETECT_RETRIES", 3));
}

http::Request request(const std::string& target) { return {"GET", target, {{"Metadata-Flavor", "Google"}}}; }

Result<gcp::Token> parse_identity(const http::Response& response) {
  const auto end = gcp::end_of_jwt(response.body);
  if (response.status != 200 || !end)
    return fail(ErrorKind::credentials,
                "was answered with HTTP status " + std::to_string(response.status) + " and no ID token");
  return gcp::Token{response.body, {}, end};
}

Result<sigv4::Identity> parse_aws_keys(const std::string& text) {
  const auto keys = nlohmann::json::parse(text, nullptr, false);
  const auto member = [&](const char* name) {
    const auto found = keys.is_object() ? keys.find(name) : keys.end();
    return found != keys.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  sigv4::Identity identity{member("AccessKeyId"), member("SecretAccessKey"), member("Token")};
  if (identity.access_key_id.empty() || identity.secret_access_key.empty())
    return fail(ErrorKind::credentials, "is an AWS identity, whose metadata server gave no keys");
  return identity;
}

}  // namespace lambdapool::identity::google_metadata

#include "gcp/attempt.hpp"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/retry.hpp"
#include "gcp/google_error.hpp"

namespace lambdapool::gcp {
namespace {

using Kind = cloud::Failure::Kind;
using nlohmann::json;

constexpr double seconds_max = 3'600;

// "1.5s", of a RetryInfo among the error's details; else the header.
std::optional<std::chrono::milliseconds> retry_after(const http::Response& response) {
  const json body = json::parse(response.body, nullptr, false);
  const json details = body.is_object() && body.contains("error") && body.at("error").is_object()
                           ? body.at("error").value("details", json::array())
                           : json::array();
  for (const auto& detail : details) {
    const auto delay = detail.is_object() ? detail.find("retryDelay") : detail.end();
    if (delay == detail.end() || !delay->is_string()) continue;
    const double seconds = std::atof(delay->get<std::string>().c_str());
    if (seconds >= 0 && seconds <= seconds_max)
      return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1'000)));
  }
  const auto seconds = retry::parse_retry_after(response.headers.get("Retry-After"));
  if (!seconds || *seconds > std::chrono::hours(1)) return std::nullopt;
  return *seconds * 1'000;
}

cloud::Failure judge_failure(http::TransportError failure) {
  Error error = std::move(failure.error);
  if (error.kind == ErrorKind::cancelled) return {Kind::final, std::move(error)};
  if (failure.reached == http::TransportError::Reached::maybe) return {Kind::may_have_run, std::move(error)};
  const bool may_pass = error.code != http::tls_refused;
  return {may_pass ? Kind::not_reached : Kind::final, std::move(error)};
}

}  // namespace

cloud::Failure judge(const http::Answer& answer) {
  if (!answer) return judge_failure(answer.error());
  Error error = google_error(*answer);
  if (answer->status == 401) return {Kind::expired_token, std::move(error)};
  if (answer->status == 429) return {Kind::throttled, std::move(error), retry_after(*answer)};
  if (answer->status >= 500 || answer->status == 408)
    return {Kind::may_have_run, std::move(error), retry_after(*answer)};
  return {Kind::final, std::move(error)};
}

}  // namespace lambdapool::gcp

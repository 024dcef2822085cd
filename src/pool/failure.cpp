#include "pool/failure.hpp"

#include "aws/lambda/lambda.hpp"
#include "core/clock_skew.hpp"
#include "core/retry.hpp"

namespace lambdapool::pool {
namespace {

using Kind = Failure::Kind;

// TooManyRequestsException has a Reason; what comes without one is a limit on requests a second, as the
// general ThrottlingException is. Other refusals (a network interface that is not ready) are of capacity.
Window::Throttle reason_of(const Error& error) {
  if (error.detail.find("RateLimitExceeded\"") != std::string::npos) return Window::Throttle::rate;
  if (error.detail.find("LimitExceeded\"") != std::string::npos) return Window::Throttle::concurrency;
  return error.kind == ErrorKind::throttled ? Window::Throttle::rate : Window::Throttle::concurrency;
}

// The SDKs' own header has milliseconds; the one of TooManyRequestsException has seconds.
std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
  if (const auto own = retry::parse_retry_after(headers.get("x-amz-retry-after"))) return own;
  const auto seconds = retry::parse_retry_after(headers.get("Retry-After"));
  if (!seconds || *seconds > std::chrono::hours(1)) return std::nullopt;
  return *seconds * 1'000;
}

}  // namespace

bool is_of_network(const Failure& failure) {
  return failure.kind == Kind::not_reached ||
         (failure.kind == Kind::may_have_run && failure.error.kind == ErrorKind::network &&
          failure.error.http_status == 0);
}

Failure judge(http::TransportError failure) {
  using Reached = http::TransportError::Reached;
  Error error = std::move(failure.error);
  error.request_id = failure.headers.get("x-amzn-requestid");
  if (error.kind == ErrorKind::cancelled) return {Kind::final, std::move(error)};
  const bool may_pass = error.kind == ErrorKind::network && error.code != http::tls_refused &&
                        retry::classify(error) != retry::Failure::permanent;
  if (error.kind == ErrorKind::timed_out) error.kind = ErrorKind::network;  // not the function's own timeout
  if (error.kind == ErrorKind::code_mismatch) return {Kind::ran, std::move(error)};
  if (failure.reached == Reached::maybe) return {Kind::may_have_run, std::move(error)};
  return {may_pass ? Kind::not_reached : Kind::final, std::move(error)};
}

Failure judge(Error error, const http::Headers& headers) {
  // A function's own error may have any name: only what the service itself refused is looked at.
  if (error.http_status < 400) return {Kind::final, std::move(error)};
  if (aws::is_expired_token(error)) return {Kind::expired_token, std::move(error)};
  if (clock_skew::is_about_time(error)) {
    Failure failure{Kind::wrong_time, std::move(error)};
    failure.date = headers.get("Date");
    return failure;
  }
  if (retry::has_not_run(error)) {
    const auto reason = reason_of(error);
    return {Kind::throttled, std::move(error), reason, retry_after(headers)};
  }
  return {error.http_status >= 500 ? Kind::may_have_run : Kind::final, std::move(error)};
}

}  // namespace lambdapool::pool

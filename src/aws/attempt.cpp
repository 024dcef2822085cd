#include "aws/attempt.hpp"

#include <utility>

#include "aws/service_error.hpp"
#include "aws/xml_answer.hpp"

namespace lambdapool::aws {

using cloud::Failure;
using cloud::Repeatable;
using cloud::Signing;
using cloud::Step;

namespace {

using Kind = Failure::Kind;

// The SDKs' own header has milliseconds; the one of HTTP, which TooManyRequestsException has, seconds.
std::optional<std::chrono::milliseconds> retry_after(const http::Headers& headers) {
  if (const auto own = retry::parse_retry_after(headers.get("x-amz-retry-after"))) return own;
  const auto seconds = retry::parse_retry_after(headers.get("Retry-After"));
  if (!seconds || *seconds > std::chrono::hours(1)) return std::nullopt;
  return *seconds * 1'000;
}

// Lambda, IAM Identity Center and CloudWatch Logs answer in JSON; IAM, STS and S3 in XML.
Error refusal_in(const http::Response& answer) {
  return answer.body.starts_with('<') ? xml::refused(answer) : service_error(answer);
}

Failure judge_answer(const http::Answer& answer) {
  return answer ? judge(refusal_in(*answer), answer->headers) : judge(answer.error());
}

}  // namespace

Failure judge(http::TransportError failure) {
  using Reached = http::TransportError::Reached;
  Error error = std::move(failure.error);
  error.request_id = failure.headers.get("x-amzn-requestid");
  if (error.kind == ErrorKind::cancelled) return {Kind::final, std::move(error)};
  if (error.kind == ErrorKind::code_mismatch) return {Kind::ran, std::move(error)};
  if (failure.reached == Reached::maybe) return {Kind::may_have_run, std::move(error)};
  const bool may_pass =
      error.code != http::tls_refused && retry::classify(error) != retry::ErrorClass::permanent;
  return {may_pass ? Kind::not_reached : Kind::final, std::move(error)};
}

Failure judge(Error error, const http::Headers& headers) {
  // A function's own error may have any name: only what the service itself refused is looked at.
  if (error.http_status < 400) return {Kind::final, std::move(error)};
  if (is_expired_token(error)) return {Kind::expired_token, std::move(error)};
  if (clock_skew::is_about_time(error))
    return {Kind::wrong_time, std::move(error), {}, std::string(headers.get("Date"))};
  if (retry::has_not_run(error)) return {Kind::throttled, std::move(error), retry_after(headers)};
  const bool may_have_run =
      error.http_status >= 500 || retry::classify(error) == retry::ErrorClass::transient;
  if (!may_have_run) return {Kind::final, std::move(error)};
  return {Kind::may_have_run, std::move(error), retry_after(headers)};
}

StandardAttempts::StandardAttempts(int max_attempts, retry::Budget& budget, Repeatable repeatable,
                                   Judge judge)
    : budget_(budget),
      repeatable_(repeatable),
      judge_(judge == nullptr ? judge_answer : judge),
      waits_({.max_attempts = max_attempts}) {}

Step StandardAttempts::failed(const http::Answer& answer, const Signing& signing, double random) {
  return attempts_.failed(
      judge_(answer), signing, [&](const Failure& failure) -> std::optional<std::chrono::milliseconds> {
        const bool is_lost = !answer && failure.kind == Kind::may_have_run;
        if (is_lost && repeatable_ == Repeatable::no) return std::nullopt;
        return waits_.failed(retry::classify(failure.error), budget_, random, failure.retry_after);
      });
}

}  // namespace lambdapool::aws

#include "core/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lambdapool::retry {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_after_slack{5'000};

template <std::size_t n>
bool is_among(std::string_view code, const std::string_view (&codes)[n]) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

bool is_throttle_code(std::string_view code) {
  // botocore's retries/standard.py, plus anything else called Throttling.
  static constexpr std::string_view codes[] = {
      "ThrottledException",      "RequestThrottledException", "TooManyRequestsException",
      "RequestThrottled",        "RequestLimitExceeded",      "ProvisionedThroughputExceededException",
      "BandwidthLimitExceeded",  "LimitExceededException",    "TransactionInProgressException",
      "PriorRequestNotComplete", "EC2ThrottledException",     "SlowDown",
  };
  return code.starts_with("Throttling") || is_among(code, codes);
}

milliseconds scaled(milliseconds base, int doublings, milliseconds cap) {
  const double grown = static_cast<double>(base.count()) * std::exp2(std::min(doublings, 30));
  return milliseconds(static_cast<std::int64_t>(std::min(grown, static_cast<double>(cap.count()))));
}

milliseconds part_of(milliseconds whole, double random) {
  return milliseconds(std::llround(static_cast<double>(whole.count()) * random));
}

}  // namespace

ErrorClass classify(const Error& error) {
  if (error.http_status == 429 || is_throttle_code(error.code)) return ErrorClass::throttled;
  if (error.code == "RequestTimeout" || error.code == "RequestTimeoutException") return ErrorClass::transient;
  switch (error.http_status) {
    case 0:
      return error.kind == ErrorKind::network || error.kind == ErrorKind::timed_out ? ErrorClass::transient
                                                                                    : ErrorClass::permanent;
    case 500:
    case 502:
    case 503:
    case 504:
      return ErrorClass::transient;
    default:
      return ErrorClass::permanent;
  }
}

bool Budget::take(int tokens) {
  if (tokens_ < tokens) return false;
  tokens_ -= tokens;
  return true;
}

void Budget::give_back(int tokens) { tokens_ = std::min(capacity_, tokens_ + tokens); }

std::optional<milliseconds> Attempts::failed(ErrorClass failure, Budget& budget, double random,
                                             std::optional<milliseconds> retry_after) {
  ++made_;
  if (failure == ErrorClass::permanent || made_ >= policy_.max_attempts) return std::nullopt;
  const bool throttled = failure == ErrorClass::throttled;
  const int cost = throttled ? policy_.throttled_cost : policy_.retry_cost;
  if (!budget.take(cost)) return std::nullopt;
  taken_ = cost;
  const auto longest = scaled(throttled ? policy_.throttled_base : policy_.base, made_ - 1, policy_.cap);
  const auto delay = part_of(longest, random);
  return retry_after ? std::clamp(*retry_after, delay, delay + retry_after_slack) : delay;
}

void Attempts::succeeded(Budget& budget) const { budget.give_back(taken_ != 0 ? taken_ : 1); }

std::optional<milliseconds> parse_retry_after(std::string_view header) {
  std::int64_t value = 0;
  const auto* end = header.data() + header.size();
  const auto [stop, status] = std::from_chars(header.data(), end, value);
  if (status != std::errc() || stop != end || value < 0) return std::nullopt;
  return milliseconds(value);
}

bool has_not_run(const Error& error) {
  // Invoke's errors (botocore's service model) that the service raises before an environment has the
  // event. ServiceException (500) is not among them: it may come after the function has run.
  static constexpr std::string_view codes[] = {
      "EC2ThrottledException",         "EC2UnexpectedException",     "ENINotReadyException",
      "ResourceNotReadyException",     "SnapStartNotReadyException", "SnapStartRegenerationFailureException",
      "EFSMountConnectivityException", "EFSMountTimeoutException",
  };
  return error.http_status == 429 || is_throttle_code(error.code) || is_among(error.code, codes);
}

milliseconds throttled_invoke_delay(int throttles, double random) {
  const auto longest = scaled(milliseconds(50), std::max(throttles, 1) - 1, milliseconds(5'000));
  return longest / 2 + part_of(longest - longest / 2, random);
}

}  // namespace lambdapool::retry

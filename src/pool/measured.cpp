#include "pool/measured.hpp"

#include <string_view>

#include "core/encoding.hpp"

namespace lambdapool::pool {

std::uint32_t report::Retries::*retry_of(const cloud::Failure& failure, const cloud::Caller& caller) {
  using Kind = cloud::Failure::Kind;
  switch (failure.kind) {
    case Kind::final:
    case Kind::ran:
      return nullptr;
    case Kind::expired_token:
    case Kind::wrong_time:
      return &report::Retries::refused_token;
    case Kind::throttled:
      return caller.throttle_of(failure.error) == cloud::Throttle::rate
                 ? &report::Retries::throttled_rate
                 : &report::Retries::throttled_concurrency;
    case Kind::not_reached:
      return &report::Retries::not_reached;
    case Kind::may_have_run:
      return &report::Retries::lost;
  }
  return nullptr;
}

// A report ends the log, so that most often the end of the tail has it.
std::optional<report::Invocation> reported(const Result<cloud::Invoked>& result,
                                           const cloud::Caller& caller) {
  if (!result) return caller.reported_in(result.error().log_tail);
  constexpr std::size_t end_size = 800;
  const std::string_view tail = result->log_tail_base64;
  if (tail.size() > end_size) {
    const auto end = base64_decode(tail.substr((tail.size() - end_size) / 4 * 4));
    if (auto found = end ? caller.reported_in(*end) : std::nullopt) return found;
  }
  const auto all = base64_decode(tail);
  return all ? caller.reported_in(*all) : std::nullopt;
}

}  // namespace lambdapool::pool

#include "api/chunking.hpp"

#include <algorithm>

namespace lambdapool::api {

void Chunking::observe(std::size_t items, std::chrono::microseconds busy) {
  if (items == 0) return;
  // Clocks tell no less than a tenth of a microsecond apart; nothing is free.
  const double each = std::max(0.1, static_cast<double>(busy.count()) / static_cast<double>(items));
  microseconds_each_ = microseconds_each_ == 0 ? each : 0.7 * microseconds_each_ + 0.3 * each;
  largest_ = std::max(largest_, items);
}

std::size_t Chunking::next(std::size_t remaining) const {
  if (fixed_ != 0) return std::min(fixed_, remaining);
  if (largest_ == 0) return 1;
  const auto by_time = static_cast<std::size_t>(static_cast<double>(target.count()) / microseconds_each_);
  const std::size_t by_share = remaining / (2 * workers_);
  return std::clamp<std::size_t>(std::min({by_time, by_share, largest_ * growth}), 1, remaining);
}

}  // namespace lambdapool::api

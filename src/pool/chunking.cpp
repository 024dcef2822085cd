#include "pool/chunking.hpp"

#include <algorithm>

namespace lambdapool::pool {
namespace {

constexpr std::size_t most = 1'000'000'000;

void learn(std::optional<double>& known, double now) {
  known = !known || now >= *known ? now : (*known + now) / 2;
}

std::size_t fitting(double target, double each) {
  const double count = target / std::max(each, 1e-9) + 1e-6;  // what is meant as a whole number is one
  return count < static_cast<double>(most) ? static_cast<std::size_t>(count) : most;
}

}  // namespace

void Chunking::observe(std::size_t items, Seconds busy, std::size_t bytes) {
  if (items == 0) return;
  const bool quickly = busy <= quick * items && bytes <= small * items;
  quick_ = quickly ? quick_ + items : 0;
  learn(seconds_each_, busy.count() / static_cast<double>(items));
  learn(bytes_each_, static_cast<double>(bytes) / static_cast<double>(items));
  largest_ = std::max(largest_, items);
}

bool Chunking::has_rows() const { return rows_ && quick_ >= quick_before; }

std::size_t Chunking::next(std::size_t remaining) const {
  if (has_rows()) return std::clamp<std::size_t>(remaining / workers_, 1, row_max_);
  if (fixed_ != 0) return std::min(fixed_, remaining);
  if (!seconds_each_) return 1;
  const std::size_t by_time = fitting(target.count(), *seconds_each_);
  const std::size_t by_bytes = fitting(static_cast<double>(target_bytes), *bytes_each_);
  const std::size_t worthwhile = fitting(worth.count(), *seconds_each_);
  const std::size_t fair = std::max((remaining + 2 * workers_ - 1) / (2 * workers_), worthwhile);
  const std::size_t grown = std::max(largest_ * growth, std::min(largest_ * growth_below, worthwhile));
  return std::clamp<std::size_t>(std::min({by_time, by_bytes, fair, grown}), 1, remaining);
}

}  // namespace lambdapool::pool

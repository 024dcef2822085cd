#include "report/distribution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lambdapool::report {
namespace {

const double log_width = std::log(1.01);
constexpr int zero_bucket = std::numeric_limits<int>::min();

int bucket_of(double value) {
  return value > 0 ? static_cast<int>(std::floor(std::log(value) / log_width)) : zero_bucket;
}

double middle_of(int bucket) { return bucket == zero_bucket ? 0 : std::exp((bucket + 0.5) * log_width); }

}  // namespace

void Distribution::add(double value, std::size_t count) {
  if (count == 0) return;
  if (!(value > 0) || !std::isfinite(value)) value = 0;
  buckets_[bucket_of(value)] += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += value * static_cast<double>(count);
  count_ += count;
}

void Distribution::add(const Distribution& other) {
  if (other.count_ == 0) return;
  for (const auto& [bucket, count] : other.buckets_) buckets_[bucket] += count;
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

double Distribution::quantile(double part) const {
  if (part <= 0) return min();
  if (part >= 1) return max_;
  const double wanted = part * static_cast<double>(count_);
  std::size_t below = 0;
  for (const auto& [bucket, count] : buckets_) {
    below += count;
    if (static_cast<double>(below) >= wanted) return std::clamp(middle_of(bucket), min_, max_);
  }
  return max_;
}

}  // namespace lambdapool::report

#include "report/distribution.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace lambdapool::report {
namespace {

// Buckets are the first bits of a positive number: its exponent, and of its mantissa so many that none is
// wider than 1/64 of its values.
constexpr int dropped_bits = 52 - 6;

int bucket_of(double value) { return static_cast<int>(std::bit_cast<std::uint64_t>(value) >> dropped_bits); }

double middle_of(int bucket) {
  const auto lowest = static_cast<std::uint64_t>(bucket) << dropped_bits;
  return std::bit_cast<double>(lowest + (std::uint64_t{1} << (dropped_bits - 1)));
}

}  // namespace

void Distribution::add(double value, std::size_t count) {
  if (count == 0) return;
  if (!(value > 0) || !std::isfinite(value)) value = 0;
  if (value > 0)
    count_in(bucket_of(value), count);
  else
    zeros_ += count;
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += value * static_cast<double>(count);
  count_ += count;
}

void Distribution::add(const Distribution& other) {
  if (other.count_ == 0) return;
  zeros_ += other.zeros_;
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) {
    if (other.buckets_[i] > 0) count_in(other.lowest_ + static_cast<int>(i), other.buckets_[i]);
  }
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  count_ += other.count_;
}

// A vector that grows at both ends: values of a kind lie close together.
void Distribution::count_in(int bucket, std::size_t count) {
  if (buckets_.empty()) lowest_ = bucket;
  if (bucket < lowest_) {
    buckets_.insert(buckets_.begin(), static_cast<std::size_t>(lowest_ - bucket), 0);
    lowest_ = bucket;
  }
  const auto place = static_cast<std::size_t>(bucket - lowest_);
  if (place >= buckets_.size()) buckets_.resize(place + 1);
  buckets_[place] += count;
}

double Distribution::quantile(double part) const {
  if (part <= 0) return min();
  if (part >= 1) return max_;
  const double wanted = part * static_cast<double>(count_);
  std::size_t below = zeros_;
  if (static_cast<double>(below) >= wanted) return 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    below += buckets_[i];
    if (static_cast<double>(below) >= wanted)
      return std::clamp(middle_of(lowest_ + static_cast<int>(i)), min_, max_);
  }
  return max_;
}

void Distribution::each(const std::function<void(double, std::size_t)>& told) const {
  if (zeros_ > 0) told(0, zeros_);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] > 0) told(std::clamp(middle_of(lowest_ + static_cast<int>(i)), min_, max_), buckets_[i]);
  }
}

}  // namespace lambdapool::report

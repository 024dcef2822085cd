// How values are distributed, in memory that does not grow with their number: counts in buckets of one to
// one and a half percent, so that what comes from their middles is right to a percent.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace lambdapool::report {

class Distribution {
 public:
  // So many values of about this size; one below 0 or no number counts as 0.
  void add(double value, std::size_t count = 1);
  void add(const Distribution& other);

  std::size_t count() const { return count_; }
  double sum() const { return sum_; }
  double max() const { return max_; }  // exact, as min and sum are; 0 where there is none
  double min() const { return count_ == 0 ? 0 : min_; }

  // The least value that so large a part (0 to 1) of them does not exceed, to a percent; 0 where there is
  // none.
  double quantile(double part) const;

  // The values there are, to a percent, the smallest first: each(value, count).
  void each(const std::function<void(double, std::size_t)>& told) const;

 private:
  void count_in(int bucket, std::size_t count);

  std::vector<std::size_t> buckets_ = {};  // from lowest_ on
  int lowest_ = 0;
  std::size_t zeros_ = 0;
  std::size_t count_ = 0;
  double sum_ = 0;
  double min_ = 0;
  double max_ = 0;
};

}  // namespace lambdapool::report

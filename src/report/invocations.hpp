// What invocations took and cost, from the line with which the platform ends each one's log.
#pragma once

#include <cstddef>

#include "report/distribution.hpp"
#include "report/invocation.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

class Invocations {
 public:
  void add(const Invocation& invocation);

  std::size_t count() const { return durations_.count(); }
  std::size_t timed_out() const { return timed_out_; }
  std::size_t failed() const { return failed_; }  // without those that timed out
  const Distribution& durations_ms() const { return durations_; }
  const Distribution& cold_starts_ms() const { return cold_starts_; }
  double billed_ms() const { return billed_ms_; }
  double gb_seconds() const;
  int memory_mb() const { return memory_mb_; }  // of the newest
  int max_memory_used_mb() const { return max_memory_used_mb_; }
  double cost(const Prices& prices) const;  // in dollars

 private:
  Distribution durations_ = {};
  Distribution cold_starts_ = {};
  std::size_t timed_out_ = 0;
  std::size_t failed_ = 0;
  double billed_ms_ = 0;
  double megabyte_ms_ = 0;  // whole numbers, so exact to 2^53
  int memory_mb_ = 0;
  int max_memory_used_mb_ = 0;
};

double cost_of(const Invocation& invocation, const Prices& prices);  // in dollars

}  // namespace lambdapool::report

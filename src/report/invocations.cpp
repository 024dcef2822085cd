#include "report/invocations.hpp"

#include <algorithm>

namespace lambdapool::report {

void Invocations::add(const Invocation& invocation) {
  durations_.add(invocation.duration_ms);
  if (invocation.init_ms) cold_starts_.add(*invocation.init_ms);
  if (invocation.ending == Invocation::Ending::timed_out) ++timed_out_;
  if (invocation.ending == Invocation::Ending::failed) ++failed_;
  billed_ms_ += invocation.billed_ms;
  megabyte_ms_ += invocation.billed_ms * invocation.memory_mb;
  memory_mb_ = invocation.memory_mb;
  max_memory_used_mb_ = std::max(max_memory_used_mb_, invocation.max_memory_used_mb);
}

double Invocations::gb_seconds() const { return megabyte_ms_ / (1024 * 1000.0); }

double Invocations::cost(const Prices& prices) const {
  const double memory_mb = billed_ms_ > 0 ? megabyte_ms_ / billed_ms_ : 0;  // one function has one size
  return static_cast<double>(count()) * prices.request + gb_seconds() * prices.gb_second_at(memory_mb);
}

double cost_of(const Invocation& invocation, const Prices& prices) {
  Invocations one;
  one.add(invocation);
  return one.cost(prices);
}

}  // namespace lambdapool::report

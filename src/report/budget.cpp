#include "report/budget.hpp"

#include <algorithm>

#include "report/invocations.hpp"

namespace lambdapool::report {

void Budget::add(const Call& call, const Prices& prices) {
  ++calls_;
  const auto items = static_cast<double>(std::max<std::size_t>(call.count, 1));
  if (!call.times.invocation) {
    spent_ += dearest_each_ * items;
    return;
  }
  ++reported_;
  const double cost = cost_of(*call.times.invocation, prices);
  spent_ += cost;
  dearest_each_ = std::max(dearest_each_, cost / items);
}

std::size_t Budget::room() const {
  if (calls_ == 0) return 1;
  if (reported_ == 0) return 0;
  const std::size_t rounds = 1 + 2 * calls_;
  const double left = dollars_ - spent_;
  if (left <= 0) return 0;
  if (left >= dearest_each_ * static_cast<double>(rounds)) return rounds;
  return static_cast<std::size_t>(left / dearest_each_);
}

}  // namespace lambdapool::report

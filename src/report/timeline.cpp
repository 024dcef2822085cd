#include "report/timeline.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace lambdapool::report {

void Timeline::add(const Span& span) {
  if (seen_++ % every_ != 0) return;
  if (spans_.size() == most_) {
    for (std::size_t i = 0; 2 * i < spans_.size(); ++i) spans_[i] = spans_[2 * i];
    spans_.resize((spans_.size() + 1) / 2);
    every_ *= 2;
    if ((seen_ - 1) % every_ != 0) return;
  }
  spans_.push_back(span);
}

std::vector<std::uint32_t> rows_of(const std::vector<Timeline::Span>& spans) {
  std::vector<std::size_t> order(spans.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(spans[i].sent_us, i); });
  using Busy = std::pair<std::int64_t, std::uint32_t>;  // until when, which row
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> idle;
  std::vector<std::uint32_t> rows(spans.size());
  std::uint32_t used = 0;
  for (const std::size_t i : order) {
    while (!busy.empty() && busy.top().first <= spans[i].sent_us) {
      idle.push(busy.top().second);
      busy.pop();
    }
    if (idle.empty()) idle.push(used++);
    rows[i] = idle.top();
    idle.pop();
    busy.emplace(spans[i].arrived_us, rows[i]);
  }
  return rows;
}

}  // namespace lambdapool::report

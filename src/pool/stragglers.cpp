#include "pool/stragglers.hpp"

#include <algorithm>

namespace lambdapool::pool {

using std::chrono::milliseconds;

void Stragglers::came_back(Batch::Job job, Seconds took, std::size_t items) {
  const auto found = jobs_.find(job);
  if (found != jobs_.end() && items > 0)
    found->second.seconds.add(took.count() / static_cast<double>(items), items);
}

std::optional<milliseconds> Stragglers::look(Batch& batch, Batch::Job job, Time now, const SentAt& sent_at) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.looks_again) return std::nullopt;
  const auto standing = batch.standing(job);
  if (!standing) {
    jobs_.erase(found);
    return std::nullopt;
  }
  const report::Distribution& known = found->second.seconds;
  if (known.count() < known_at_least || 2 * standing->settled < standing->items) return std::nullopt;
  const Seconds patience(times_median * known.quantile(0.5));
  std::optional<Seconds> soonest;
  for (const auto call : batch.under_way(job)) {
    if (batch.has_had_twin(call)) continue;
    const Seconds allowed = patience * static_cast<double>(batch.chunk_of(call)->count);
    const Seconds left = allowed - Seconds(now - sent_at(call).value_or(now));
    if (left <= Seconds::zero())
      batch.start_again(call);
    else
      soonest = std::min(left, soonest.value_or(left));
  }
  if (!soonest) return std::nullopt;
  found->second.looks_again = true;
  return std::chrono::ceil<milliseconds>(*soonest);
}

void Stragglers::time_is_up(Batch::Job job) {
  const auto found = jobs_.find(job);
  if (found != jobs_.end()) found->second.looks_again = false;
}

}  // namespace lambdapool::pool

#include "pool/log_tails.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/encoding.hpp"

namespace lambdapool::pool {
namespace {

constexpr std::size_t overhead = 128;  // what an entry takes beside its text

}  // namespace

std::string LogTails::Stored::plain() const { return base64 ? base64_decode(text).value_or("") : text; }

void LogTails::keep_base64(Job job, Call call, std::string tail) {
  store(call, {job, std::move(tail), true});
}
void LogTails::keep_text(Job job, Call call, std::string tail) { store(call, {job, std::move(tail), false}); }

void LogTails::store(Call call, Stored stored) {
  bytes_ += stored.text.size() + overhead;
  tails_.insert_or_assign(call, std::move(stored));
  oldest_first_.push_back(call);
  while (bytes_ > bytes_max_ && oldest_first_.size() > 1) {
    forget(oldest_first_.front());
    oldest_first_.pop_front();
  }
}

void LogTails::hand_over(Call call, Job to, Call as) {
  const auto found = tails_.find(call);
  if (found == tails_.end()) return;
  found->second.job = to;
  if (call == as) return;
  Stored stored = std::move(found->second);
  found->second.text.clear();
  bytes_ -= stored.text.size();
  forget(call);
  store(as, std::move(stored));
}

// Its place in the order stays, and is skipped when its turn comes.
void LogTails::forget(Call call) {
  const auto found = tails_.find(call);
  if (found == tails_.end()) return;
  bytes_ -= found->second.text.size() + overhead;
  tails_.erase(found);
}

LogTails::Tail LogTails::of(Call call) const {
  const auto found = tails_.find(call);
  if (found == tails_.end()) return {};
  return {true, found->second.plain()};
}

std::string LogTails::of_job(Job job, std::size_t calls) const {
  std::vector<Call> kept;
  for (const auto& [call, tail] : tails_) {
    if (tail.job == job) kept.push_back(call);
  }
  std::ranges::sort(kept);
  std::string all;
  if (kept.size() < calls)
    all = "[lambdapool: the logs of " + std::to_string(calls - kept.size()) +
          " earlier calls are not kept any more]\n";
  for (const Call call : kept) all += tails_.at(call).plain();
  return all;
}

}  // namespace lambdapool::pool

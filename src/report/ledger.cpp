#include "report/ledger.hpp"

#include <algorithm>

namespace lambdapool::report {
namespace {

double ms_between(Ledger::Time from, Ledger::Time to) {
  return std::max(0.0, std::chrono::duration<double, std::milli>(to - from).count());
}

bool is_slower(const Ledger::Slow& a, const Ledger::Slow& b) { return a.task_ms > b.task_ms; }

}  // namespace

void Ledger::add(const Call& call) {
  if (calls_++ == 0) {
    first_ = last_ = call.times.queued;
    began_ =
        std::chrono::system_clock::now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                               std::chrono::steady_clock::now() - call.times.queued);
  }
  first_ = std::min(first_, call.times.queued);
  last_ = std::max(last_, call.times.arrived);
  items_ += call.count - std::min<std::size_t>(
                             call.count, call.times.retries.failed_items + call.times.retries.out_of_memory);
  if (!call.failure.empty()) {
    const auto found = failures_.find(call.failure);
    ++(found != failures_.end() ? found->second : failures_[std::string(call.failure)]);
  }
  bytes_sent_ += call.times.bytes_sent;
  bytes_received_ += call.times.bytes_received;
  const double task_ms = add_times(call);
  if (call.count > 0) add_slow({call.job, call.first, call.count, task_ms});
  add_span(call);
}

// An item's share.
double Ledger::add_times(const Call& call) {
  const CallTimes& times = call.times;
  const auto& retries = times.retries;
  retries_.throttled_rate += retries.throttled_rate;
  retries_.throttled_concurrency += retries.throttled_concurrency;
  retries_.lost += retries.lost;
  retries_.not_reached += retries.not_reached;
  retries_.refused_token += retries.refused_token;
  retries_.stragglers += retries.stragglers;
  retries_.out_of_memory += retries.out_of_memory;
  retries_.failed_items += retries.failed_items;
  queue_.add(ms_between(times.queued, times.sent));
  const double away = ms_between(times.sent, times.arrived);
  double run = away;
  if (times.invocation) {
    invocations_.add(*times.invocation);
    run = times.invocation->duration_ms;
    transfer_.add(away - run - times.invocation->init_ms.value_or(0));
  }
  if (call.busy_ms > 0) run = call.busy_ms;
  const double each = run / static_cast<double>(std::max<std::size_t>(call.count, 1));
  task_.add(each, call.count);
  return each;
}

void Ledger::add_slow(const Slow& slow) {
  if (slowest_.size() == slowest_max) {
    if (!is_slower(slow, slowest_.front())) return;
    std::ranges::pop_heap(slowest_, is_slower);
    slowest_.pop_back();
  }
  slowest_.push_back(slow);
  std::ranges::push_heap(slowest_, is_slower);
}

void Ledger::add_span(const Call& call) {
  const auto since = [](Time time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  };
  const CallTimes& times = call.times;
  Timeline::Span span{.queued_us = since(times.queued),
                      .sent_us = since(times.sent),
                      .arrived_us = since(times.arrived),
                      .count = static_cast<std::uint32_t>(call.count),
                      .failed = !call.failure.empty(),
                      .first = call.first,
                      .job = call.job};
  if (times.invocation) {
    span.run_ms = static_cast<float>(times.invocation->duration_ms);
    span.init_ms = static_cast<float>(times.invocation->init_ms.value_or(-1));
  }
  timeline_.add(span);
}

std::size_t Ledger::failed_calls() const {
  std::size_t all = 0;
  for (const auto& [kind, count] : failures_) all += count;
  return all;
}

std::vector<Ledger::Slow> Ledger::slowest() const {
  auto sorted = slowest_;
  std::ranges::sort_heap(sorted, is_slower);
  return sorted;
}

double Ledger::wall_ms() const { return calls_ == 0 ? 0 : ms_between(first_, last_); }

}  // namespace lambdapool::report

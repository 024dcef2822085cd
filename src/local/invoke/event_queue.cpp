#include "local/invoke/event_queue.hpp"

#include <exception>

namespace lambdapool::local {

bool EventQueue::add(EventInvocation event) {
  if (events_ >= policy_.most_events || bytes_ + event.invocation.payload.size() > policy_.most_bytes)
    return false;
  event.since = policy_.clock();
  ++events_;
  bytes_ += event.invocation.payload.size();
  begin_or_wait(std::move(event));
  return true;
}

void EventQueue::forget(const EventInvocation& event) {
  --events_;
  bytes_ -= event.invocation.payload.size();
}

// What cannot be begun, for want of memory for example, waits like what is throttled.
EventQueue::Start EventQueue::begin(const EventInvocation& event) {
  try {
    return start_(event);
  } catch (const std::exception&) {
    return Start::throttled;
  }
}

void EventQueue::begin_or_wait(EventInvocation event) {
  const auto waiting = waiting_.find(event.reference.name);
  const auto start = waiting == waiting_.end() ? begin(event) : Start::throttled;  // first come, first served
  if (start == Start::gone) forget(event);
  if (start != Start::throttled) return;
  waiting_[event.reference.name].push_back(std::move(event));
  look_again_later();
}

void EventQueue::look_again_later() {
  if (look_again_) return;
  look_again_ = loop_.call_after(policy_.look_again, [this] {
    look_again_.reset();
    begin_waiting();
  });
}

void EventQueue::begin_waiting() {
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    auto& events = entry->second;
    while (!events.empty()) {
      const auto start = begin(events.front());
      if (start == Start::throttled) break;
      if (start == Start::gone) forget(events.front());
      events.pop_front();
    }
    entry = events.empty() ? waiting_.erase(entry) : std::next(entry);
  }
  if (!waiting_.empty()) look_again_later();
}

void EventQueue::capacity_freed() {
  if (!waiting_.empty()) begin_waiting();
}

bool EventQueue::done(EventInvocation event, bool function_error, int retries) {
  const auto retried = static_cast<std::size_t>(event.attempt - 1);
  if (!function_error || event.attempt > retries || retried >= policy_.retry_delays.size()) {
    forget(event);
    return true;
  }
  const auto delay = policy_.retry_delays[retried];
  ++event.attempt;
  const auto id = next_retry_++;
  retries_[id] = loop_.call_after(delay, [this, id, again = std::move(event)] {
    retries_.erase(id);
    begin_or_wait(again);
  });
  return false;
}

}  // namespace lambdapool::local

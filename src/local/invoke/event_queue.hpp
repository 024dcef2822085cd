// Asynchronous invocations (InvocationType Event) between their 202 and their end: they wait while the
// function is throttled, and a function error is tried again, after one and two minutes, as on AWS.
// They live in memory: what is waiting when the service ends is lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/event_loop.hpp"
#include "local/control/arn.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

struct EventInvocation {
  FunctionReference reference;
  Invocation invocation;
  int attempt = 1;
  std::chrono::steady_clock::time_point since = {};  // when it was accepted
};

struct EventPolicy {
  std::vector<std::chrono::milliseconds> retry_delays{std::chrono::minutes(1), std::chrono::minutes(2)};
  std::chrono::milliseconds look_again{1'000};  // whether a throttled function may run meanwhile
  std::size_t most_events = 100'000;
  std::size_t most_bytes = std::size_t{256} << 20;
  std::function<std::chrono::steady_clock::time_point()> clock = [] {
    return std::chrono::steady_clock::now();
  };
};

// On the event loop's thread.
class EventQueue {
 public:
  enum class Start { started, throttled, gone };
  // Begins an event if it may run now; told its end through done(event, function_error).
  using Starter = std::function<Start(const EventInvocation&)>;

  EventQueue(http::EventLoop& loop, EventPolicy policy, Starter start)
      : loop_(loop), policy_(std::move(policy)), start_(std::move(start)) {}

  bool add(EventInvocation event);  // false: the queue is full
  // Whether that was its end; otherwise it is tried again, at most `retries` times in all.
  bool done(EventInvocation event, bool function_error, int retries);
  std::chrono::steady_clock::duration age(const EventInvocation& event) const {
    return policy_.clock() - event.since;
  }
  void capacity_freed();  // some invocation has ended

 private:
  Start begin(const EventInvocation& event);
  void begin_or_wait(EventInvocation event);
  void begin_waiting();
  void look_again_later();
  void forget(const EventInvocation& event);

  http::EventLoop& loop_;
  EventPolicy policy_;
  Starter start_;
  std::map<std::string, std::deque<EventInvocation>> waiting_;  // by function
  std::map<std::uint64_t, std::unique_ptr<http::EventLoop::Timer>> retries_;
  std::uint64_t next_retry_ = 0;
  std::unique_ptr<http::EventLoop::Timer> look_again_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace lambdapool::local

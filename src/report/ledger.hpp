// What the calls of a map, or of a whole pool, took and cost: sums, distributions and the slowest, in memory
// that does not grow with their number. Adding a call costs some hundred nanoseconds. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "report/call.hpp"
#include "report/distribution.hpp"
#include "report/invocations.hpp"
#include "report/timeline.hpp"

namespace lambdapool::report {

class Ledger {
 public:
  using Time = CallTimes::Time;
  static constexpr std::size_t slowest_max = 10;

  struct Slow {
    std::uint64_t job;
    std::size_t first;  // the first of `count` items that shared a call
    std::size_t count;
    double task_ms;  // of each, on average
  };

  void add(const Call& call);

  std::size_t calls() const { return calls_; }
  std::size_t items() const { return items_; }  // whose outcome counts
  std::size_t failed_calls() const;
  const std::map<std::string, std::size_t, std::less<>>& failures() const { return failures_; }  // by kind

  // An item's share of its call: as the worker or the platform told, or else from sending to arrival.
  const Distribution& task_ms() const { return task_; }
  const Distribution& queue_ms() const { return queue_; }  // until it was sent for the last time
  const Distribution& transfer_ms() const {
    return transfer_;
  }  // from sending to arrival, without run and init
  const Invocations& invocations() const { return invocations_; }           // that the platform reported
  std::size_t unreported() const { return calls_ - invocations_.count(); }  // what they cost is not known

  const Retries& retries() const { return retries_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::vector<Slow> slowest() const;  // the slowest first
  const Timeline& timeline() const { return timeline_; }

  double wall_ms() const;  // from the first call's beginning to the last one's end
  std::chrono::system_clock::time_point began() const { return began_; }

 private:
  double add_times(const Call& call);
  void add_slow(const Slow& slow);
  void add_span(const Call& call);

  std::size_t calls_ = 0;
  std::size_t items_ = 0;
  std::map<std::string, std::size_t, std::less<>> failures_ = {};
  Distribution task_, queue_, transfer_;
  Invocations invocations_;
  Retries retries_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  std::vector<Slow> slowest_;  // a heap, the quickest of them first
  Timeline timeline_;
  Time first_ = {};
  Time last_ = {};
  std::chrono::system_clock::time_point began_ = {};
};

}  // namespace lambdapool::report

// Which calls of a job take so much longer than its others did that the same items are sent in a second call.
// Decides nothing before ten items and half of the job are done; then a call may take three times the median.
// Only for jobs whose items may run twice. No clock, no I/O. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>

#include "pool/batch.hpp"
#include "report/distribution.hpp"

namespace lambdapool::pool {

class Stragglers {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Seconds = std::chrono::duration<double>;
  // Since when a call is with a worker; nullopt: not yet.
  using SentAt = std::function<std::optional<Time>(Batch::Call)>;

  static constexpr std::size_t known_at_least = 10;  // items
  static constexpr double times_median = 3;

  void watch(Batch::Job job) { jobs_.try_emplace(job); }
  bool watches(Batch::Job job) const { return jobs_.contains(job); }

  // A call of so many items came back after so long.
  void came_back(Batch::Job job, Seconds took, std::size_t items);

  // Starts again what takes too long. When to look the next time; nullopt: when something more has come back,
  // or a time that was told before has come.
  std::optional<std::chrono::milliseconds> look(Batch& batch, Batch::Job job, Time now,
                                                const SentAt& sent_at);
  // That time has come.
  void time_is_up(Batch::Job job);

 private:
  struct Watched {
    report::Distribution seconds = {};  // of an item
    bool looks_again = false;
  };
  std::unordered_map<Batch::Job, Watched> jobs_;
};

}  // namespace lambdapool::pool

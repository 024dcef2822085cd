// How far a map is: `pool.map(f, range, {.progress = lambdapool::progress_on_terminal()})`.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace lambdapool {

struct Progress {
  std::size_t done = 0;  // elements that have their outcome
  std::size_t total = 0;
  std::size_t failed = 0;   // of those that are done
  std::size_t running = 0;  // with the workers, or next to go to one
  std::size_t queued = 0;
  std::size_t retried =
      0;  // calls of the pool that were sent again, but for throttling, and elements run again
  std::size_t throttled = 0;  // how often the service refused a call of the pool for rate or concurrency
  double cost = 0;            // dollars so far
  std::chrono::duration<double> time{0};  // since the beginning
  bool last = false;                      // nothing more will be told

  double rate() const { return time.count() > 0 ? static_cast<double>(done) / time.count() : 0; }  // a second
  std::optional<std::chrono::duration<double>> time_left() const {  // at that rate; nullopt: nobody knows
    if (done == 0 || rate() <= 0) return std::nullopt;
    return std::chrono::duration<double>(static_cast<double>(total - done) / rate());
  }
};

// Is called at most ten times a second, and once at the end, before map() returns; on a thread of its own.
// What it throws ends it.
using ProgressCallback = std::function<void(const Progress&)>;

std::string to_string(const Progress& progress);  // one line

// Shows that line on standard error while it changes, where that is a terminal; else nothing.
ProgressCallback progress_on_terminal();

}  // namespace lambdapool

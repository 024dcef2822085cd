// The compiled side of a pool, as the templates see it: messages in, messages out.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lambdapool/options.hpp"
#include "lambdapool/report.hpp"
#include "lambdapool/shared.hpp"
#include "lambdapool/tuning.hpp"

namespace lambdapool::detail {

enum class OnFailure { stop, go_on };

// The items of one call, map or submit on their way. Outlives the pool where a future holds it.
class Job {
 public:
  virtual ~Job() = default;
  virtual void wait() = 0;
  virtual bool wait_until(std::chrono::steady_clock::time_point deadline) = 0;  // false: not ready yet

  // True: nothing of it will be sent any more, and it fails with Cancelled. False: too late.
  virtual bool cancel() = 0;

  // Once ready: an item's encoded result, or throws what the item failed with.
  virtual std::string_view result(std::size_t item) = 0;

  // What the calls that have come to their end logged, in the order in which they were sent. At any time.
  virtual std::string logs() = 0;
  virtual Report report() = 0;      // of its calls so far
  virtual Progress progress() = 0;  // without the time
  // Frees what result() needs; logs() and report() go on.
  virtual void forget_results() = 0;
};

class Connection {
 public:
  static std::shared_ptr<Connection> open(const Options& options);  // throws LambdaPoolError
  virtual ~Connection() = default;

  virtual std::shared_ptr<Job> start(std::string head, std::vector<std::string> items,
                                     const MapOptions& options, OnFailure on_failure) = 0;
  // Each of the items with each size of memory. Throws what an item failed with for which no size is too
  // little.
  virtual Tuning tune(const std::string& head, const std::vector<std::string>& items,
                      const std::vector<int>& memory_mb) = 0;
  // Stores bytes for as long as the connection lives. Throws LambdaPoolError.
  virtual Sharing share(std::string_view bytes) = 0;
  virtual Report report() = 0;  // of all calls so far
  virtual void wait_until_idle() = 0;
  virtual void close() noexcept = 0;  // what is unfinished fails with Cancelled
};

}  // namespace lambdapool::detail

// Bytes in, bytes out: a window of at most `workers` Invoke calls in flight, dispatched on completion,
// throttles retried until the deadline, answers classified. Knows nothing of Python or codecs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "aws/lambda.hpp"
#include "core/error.hpp"
#include "target/target.hpp"

namespace lambdapool::pool {

struct EngineOptions {
  std::string function;                          // name, name:qualifier or ARN
  int workers = 10;                              // at most so many calls in flight
  std::chrono::seconds function_timeout{900};    // the read timeout is this plus a margin
  std::chrono::milliseconds throttle_deadline{300'000};  // how long a throttled call is tried again
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(target::Target target, EngineOptions options);
  ~Engine();  // as terminate(); returns when the I/O thread has ended

  // Queues one call. `done` runs exactly once, on the I/O thread; it must not block. From any thread.
  using Id = std::uint64_t;
  using Done = std::function<void(Result<aws::Invoked>)>;
  Id submit(std::string payload, Done done);

  // True: it had not been sent; `done` runs with kind cancelled. False: too late (or unknown).
  bool cancel(Id id);

  // Cancels what is queued, abandons what is in flight: every `done` runs, with kind cancelled.
  void terminate();

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lambdapool::pool

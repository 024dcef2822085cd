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
  std::string function;                        // name, name:qualifier or ARN
  int workers = 10;                            // at most so many calls in flight, 1 to 10,000
  std::chrono::seconds function_timeout{900};  // the read timeout is this plus read_margin
  // A throttled call is tried again until nothing of this engine has got through for so long; while its
  // own calls run or complete, the service is merely busy with them.
  std::chrono::milliseconds throttle_deadline{300'000};
  // A call that may have run is sent again only where running twice does no harm; then `retries` times.
  bool idempotent = false;
  std::optional<int> retries = {};  // with idempotent: 2 unless given
  // The function's own timeout always comes first; this much later something is wrong with the connection.
  std::chrono::milliseconds read_margin{30'000};
};

class Engine {
 public:
  // Connects to nothing yet. Error kind invalid_argument (function, workers, retries).
  static Result<std::unique_ptr<Engine>> open(target::Target target, EngineOptions options);
  // As terminate(); returns when the I/O thread has ended (run by a `done`, it cannot wait for that).
  ~Engine();

  // Queues one call. `done` runs exactly once, on the I/O thread; it must not block. From any thread. A
  // large payload is hashed here, on the caller's thread.
  using Id = std::uint64_t;
  using Done = std::function<void(Result<aws::Invoked>)>;
  Id submit(std::string payload, Done done);

  // True: it had not been sent; `done` runs with kind cancelled. False: too late (or unknown).
  bool cancel(Id id);

  // Cancels what is queued, abandons what is in flight: every `done` has run, with kind cancelled, when
  // this returns. Calls submitted later are cancelled too.
  void terminate();

  std::size_t queued_or_running() const;

 private:
  struct Impl;
  explicit Engine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::pool

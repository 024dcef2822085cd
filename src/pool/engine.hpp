// Bytes in, bytes out: a window of at most `workers` calls in flight, dispatched on completion,
// throttles retried until the deadline, answers classified. Knows nothing of Python or codecs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cloud/caller.hpp"
#include "core/error.hpp"
#include "pool/engine_options.hpp"
#include "target/target.hpp"

namespace lambdapool::pool {

class Engine {
 public:
  // Connects to nothing yet. Error kind invalid_argument (function, workers, retries).
  static Result<std::unique_ptr<Engine>> open(target::Target target, EngineOptions options);
  // As terminate(); returns when the I/O thread has ended (run by a `done`, it cannot wait for that).
  ~Engine();

  // Queues one call, under a number that its caller has given to no other. `done` runs exactly once, on the
  // I/O thread; it must not block. From any thread. A large payload is hashed here, on the caller's thread.
  // `echo`: that of the payload's envelope; an answer without it is not believed (see doubt.hpp), and ""
  // believes all. `variant`: what is called instead of the function, another version of the same code.
  // `ahead`: gets, on the I/O thread, what a worker tells before its answer, where the target has a way for
  // it (early_parts.hpp reads that); never after `done`.
  using Id = std::uint64_t;
  using Done = std::function<void(Result<cloud::Invoked>)>;
  using Ahead = std::function<void(std::string_view piece)>;
  struct Place {
    std::size_t items = 1;  // how many it has, where they may be a row (EngineOptions::cut)
    bool of_tasks = false;  // that came one by one (task_rows.hpp)
    bool first = false;     // it goes before all that waits
  };
  void submit(Id id, std::string payload, Done done, std::string echo, const std::string& variant,
              Ahead ahead, Place place);
  void submit(Id id, std::string payload, Done done, std::string echo = {}, const std::string& variant = {},
              Ahead ahead = {}) {
    submit(id, std::move(payload), std::move(done), std::move(echo), variant, std::move(ahead), Place());
  }

  // Instead of a submit(): `done` runs with the error.
  void refuse(Error error, Done done);

  // True: it had not been sent; `done` runs with kind cancelled. False: too late (or unknown).
  bool cancel(Id id);

  // Of a row in flight, the items that have not begun: EngineOptions::cut has told when this returns.
  void have_back(Id id);

  // Since when it can no longer be cancelled; nullopt: it can, or it has its answer.
  std::optional<std::chrono::steady_clock::time_point> sent_at(Id id) const;

  // Cancels what is queued, abandons what is in flight: every `done` has run, with kind cancelled, when
  // this returns. Calls submitted later are cancelled too.
  void terminate();

  // `work` runs on the I/O thread, and must not block; never, once the engine has been terminated.
  void after(std::chrono::milliseconds delay, std::function<void()> work);

  // Where the service is in this process: EventLoop's drive() and stand_back(), for who waits for a call.
  // `begin` may submit it. False: nothing has been done.
  bool drive(const std::function<void()>& begin, const std::function<bool()>& over);
  void stand_back();

  const cloud::CallLimits& limits() const;
  struct Standing {
    std::size_t calls;        // queued or in flight
    report::Retries retries;  // so far, of calls that are not done yet too
  };
  Standing standing() const;

 private:
  struct Impl;
  explicit Engine(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::pool

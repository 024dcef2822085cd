// Between the engine's I/O thread and Python's completion thread: answers gather here without the GIL and
// are taken out in batches. Waking the other thread, and then taking the GIL, costs more than a small task
// does; so while many calls are in flight, a waiter that has its first answer lingers for a fraction of a
// millisecond for the ones right behind it. Nobody is woken under the mutex, which they would run into.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "aws/lambda/invoke.hpp"
#include "core/envelope.hpp"
#include "core/error.hpp"
#include "pool/batch.hpp"
#include "pool/engine.hpp"

namespace lambdapool::python {

struct Completion {
  pool::Batch::Call call;
  std::optional<pool::Batch::Chunk> chunk;  // none: its job has let go of it
  Result<aws::Invoked> answer;
  std::optional<envelope::Envelope> early = {};      // instead of the answer, which is still to come
  std::size_t begun = static_cast<std::size_t>(-1);  // of the chunk's items, where the call failed
  std::vector<pool::Batch::Job> row = {};            // those that it is of, instead of the chunk's
};

class EngineQueue {
 public:
  void sent() { ++in_flight_; }  // a call: push() follows
  // True: whoever waited for this one, and nobody for another, was here a moment before and will be again.
  bool push(Completion completion);

  // The next answer of this job, for a thread that waits for nothing else: it is not told to the others.
  // nullopt after release() or close(); as soon as the job is `over`, which is asked once; and where a signal
  // came and is `interrupted`. `begin` is called before the waiting; true: it has waited, until what it is
  // given or in vain.
  struct Waiting {
    std::function<bool()> over;
    std::function<bool(const std::function<bool()>& woken)> begin;
    std::function<bool()> interrupted;
  };
  std::optional<Completion> take_for(pool::Batch::Job job, const Waiting& waiting);
  void release(pool::Batch::Job job);

  // All answers there are; waits for the first until `timeout` (nullopt: for ever) or wake() or close().
  std::vector<Completion> take(std::optional<std::chrono::duration<double>> timeout);

  void warn(const std::string& warning);  // wakes too
  std::vector<std::string> take_warnings();

  void wake();                    // take() returns now, or the next time
  void close();                   // take() never waits again
  std::uint64_t batches() const;  // how many non-empty answers take() gave

 private:
  static constexpr std::size_t lingers_from = 16;  // calls in flight
  static constexpr std::chrono::microseconds linger{500};
  static constexpr std::chrono::milliseconds comes_back_within{1};

  class Waiter;

  mutable std::mutex mutex_;
  std::unordered_map<pool::Batch::Job, std::shared_ptr<Waiter>> waiters_;
  std::chrono::steady_clock::time_point last_left_{};  // of those that waited for one
  std::condition_variable changed_;
  std::vector<Completion> ready_;
  std::vector<std::string> warnings_;
  std::atomic<std::size_t> in_flight_ = 0;
  std::size_t wanted_ = 1;
  bool woken_ = false;
  bool closed_ = false;
  std::uint64_t batches_ = 0;
};

}  // namespace lambdapool::python

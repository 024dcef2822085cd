// Calls that the batch has handed out and the engine does not know yet. A call is found in one of the two by
// whoever wants to cancel it: they wait until it has got there.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "pool/batch.hpp"

namespace lambdapool::pool {

class Handovers {
 public:
  // Begun under the lock that guards the batch, and over when the engine has it.
  class Handover {
   public:
    Handover(Handovers& of, Batch::Call call) : of_(of), call_(call) { of_.begin(call_); }
    ~Handover() { of_.end(call_); }
    Handover(const Handover&) = delete;
    Handover& operator=(const Handover&) = delete;

   private:
    Handovers& of_;
    const Batch::Call call_;
  };

  // Until the engine has these, without that lock. This thread's own are not waited for.
  void wait(const std::vector<Batch::Call>& calls) {
    std::unique_lock lock(mutex_);
    over_.wait(lock, [&] {
      return std::ranges::none_of(under_way_, [&](const auto& one) {
        return one.second != std::this_thread::get_id() && std::ranges::find(calls, one.first) != calls.end();
      });
    });
  }

 private:
  void begin(Batch::Call call) {
    const std::lock_guard lock(mutex_);
    under_way_.emplace_back(call, std::this_thread::get_id());
  }

  void end(Batch::Call call) {
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(under_way_, [&](const auto& one) { return one.first == call; });
    }
    over_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable over_;
  std::vector<std::pair<Batch::Call, std::thread::id>> under_way_;  // hardly more than one
};

}  // namespace lambdapool::pool

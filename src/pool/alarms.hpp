// Work for later, on an event loop's thread. What has not come about when it ends never does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>

#include "http/event_loop.hpp"
#include "pool/gate.hpp"

namespace lambdapool::pool {

class Alarms : public std::enable_shared_from_this<Alarms> {
 public:
  Alarms(http::EventLoop& loop, std::shared_ptr<Gate> gate) : loop_(loop), gate_(std::move(gate)) {}

  // From any thread.
  void after(std::chrono::milliseconds delay, std::function<void()> work) {
    gate_->post([self = shared_from_this(), delay, work = std::move(work)]() mutable {
      if (self->ended_) return;
      const auto number = ++self->last_;
      self->timers_.emplace(number, self->loop_.call_after(delay, [self, number, work = std::move(work)] {
        const auto rung = self->timers_.extract(number);
        work();
      }));
    });
  }

  void end() {  // on the loop's thread
    ended_ = true;
    timers_.clear();
  }

 private:
  http::EventLoop& loop_;
  const std::shared_ptr<Gate> gate_;
  std::unordered_map<std::uint64_t, std::unique_ptr<http::EventLoop::Timer>> timers_;
  std::uint64_t last_ = 0;
  bool ended_ = false;
};

}  // namespace lambdapool::pool

// Through which another thread reaches an event loop, for as long as there is one.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "http/event_loop.hpp"

namespace lambdapool::pool {

class Gate {
 public:
  explicit Gate(http::EventLoop& loop) : loop_(&loop) {}
  void post(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    if (loop_) loop_->post(std::move(work));
  }
  void close() {
    std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  http::EventLoop* loop_;
};

}  // namespace lambdapool::pool

// One I/O thread. Everything asynchronous in the project runs on one of these, so that the state it
// touches needs no locks. The only header of this folder's innards that others need; Asio stays inside.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace lambdapool::http {

class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  EventLoop();
  ~EventLoop();  // stops and joins the thread; callbacks not yet run are dropped
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the loop's thread, soon. From any thread.
  void post(std::function<void()> work);
  bool on_loop_thread() const;

  // A one-shot timer. Destroying (or resetting) the handle cancels it, on the loop's thread only.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  [[nodiscard]] std::unique_ptr<Timer> call_after(Clock::duration delay, std::function<void()> work);

  // Calls `ready` on the loop's thread each time that `fd` becomes readable, until the handle is
  // destroyed. The fd stays the caller's.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  [[nodiscard]] std::unique_ptr<Watch> watch_readable(int fd, std::function<void()> ready);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lambdapool::http

// One I/O thread. Everything asynchronous in the project runs on one of these, so that the state it
// touches needs no locks. The only header of this folder's innards that others need; Asio stays inside.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace lambdapool::http {

// Clients, listeners, connections, timers and watches must be gone before their loop is.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether the process's signals may be delivered to the loop's thread. A thread that a library starts
  // inside somebody's program blocks them; one that starts processes (they inherit the mask) does not.
  enum class Signals { inherited, blocked };

  explicit EventLoop(Signals signals = Signals::inherited);
  // Stops and joins the thread; callbacks not yet run are dropped. On the loop's own thread it cannot
  // join: the thread then ends by itself, after the callback that is running.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `work` on the loop's thread, soon. From any thread.
  void post(std::function<void()> work);
  // The same, and returns when it is done; on the loop's own thread at once. What it throws is thrown here.
  void run(const std::function<void()>& work);
  bool on_loop_thread() const;

  // A one-shot timer. Destroying (or resetting) the handle cancels it, on the loop's thread only.
  class Timer {
   public:
    virtual ~Timer() = default;
  };
  [[nodiscard]] std::unique_ptr<Timer> call_after(Clock::duration delay, std::function<void()> work);

  // Calls `ready` on the loop's thread each time that `fd` becomes readable (or reaches its end), until
  // the handle is destroyed, on the loop's thread only and before `fd` is closed. The fd stays the
  // caller's, but is made non-blocking.
  class Watch {
   public:
    virtual ~Watch() = default;
  };
  [[nodiscard]] std::unique_ptr<Watch> watch_readable(int fd, std::function<void()> ready);

  struct Impl;
  const std::shared_ptr<Impl>& impl() { return impl_; }

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::http

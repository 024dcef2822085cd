// One I/O thread, whose place another may take for a moment (helm.hpp). Everything asynchronous in the
// project runs on one of these, so that the state it touches needs no locks. The only header of this folder's
// innards that others need; Asio stays inside.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace lambdapool::http {

// Clients, listeners, connections, timers and watches must be gone before their loop is.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  EventLoop();  // whose thread takes no signals; throws NoThread
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

  // Runs `begin`, and then the loop in the place of its own thread, until what this one waits for has come
  // (`over`), but no longer than turn_max. Then nobody runs the loop until somebody comes again, its own
  // thread after `patience`, or at once where something is still under way (not `idle`). False: another
  // thread runs the loop, and nothing has been done. Whoever calls holds no lock that work on the loop takes.
  static constexpr std::chrono::milliseconds turn_max{5};
  static constexpr std::chrono::milliseconds patience{1};
  bool drive(const std::function<void()>& begin, const std::function<bool()>& over,
             const std::function<bool()>& idle);
  // By work on the loop: it is run by somebody in drive().
  bool is_driven() const;
  // By work on the loop, when nothing is under way: somebody will call drive() within `patience`.
  void stand_back();

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

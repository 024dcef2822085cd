// Who runs an event loop: its own thread or, for a moment, another one that waits for what comes of it, and
// so needs nobody to wake it. Such a thread mostly comes back at once, to wait for the next thing. So when it
// has left, the loop's own thread leaves the helm alone for a moment: nobody is there then, and what comes
// through a descriptor or a timer waits that long at most. What is posted calls the own thread.
//
// There is one at the helm or none, so that what runs on the loop needs no locks.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>

namespace lambdapool::http {

class Helm {
 public:
  explicit Helm(boost::asio::io_context& io);

  bool is_mine() const { return at_helm_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  // By who is at the helm: it is another thread, which waits for something.
  bool is_waited() const { return is_waited_; }

  void serve();  // the own thread's work, until end()
  void end();
  // EventLoop's drive() and stand_back().
  bool take(const std::function<void()>& begin, const std::function<bool()>& over,
            const std::function<bool()>& idle);
  void stand_back();

  // Around the posting of something, and when it is run: nobody leaves it behind.
  void will_post() { ++posted_; }
  void has_posted() {
    if (is_free()) call();
  }
  void begins() { --posted_; }

 private:
  using Clock = std::chrono::steady_clock;
  class Leaving;

  bool is_free() const { return at_helm_ == std::thread::id(); }
  void call();
  void leave(bool call);

  boost::asio::io_context& io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::atomic<std::thread::id> at_helm_{};  // none: nobody
  std::atomic<std::size_t> posted_{0};      // and not begun
  bool is_waited_ = false;                  // by who is at the helm, as is the next
  Clock::duration last_turn_{};             // how long it took another thread; by who is at the helm
  std::mutex mutex_;                        // of what follows
  std::condition_variable changed_;
  std::thread::id own_thread_;
  Clock::time_point left_alone_until_{};
  bool called_ = false;  // the own thread, which is on its way
  bool ended_ = false;
};

}  // namespace lambdapool::http

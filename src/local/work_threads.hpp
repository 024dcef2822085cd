// A few threads for what must not hold the event loop up: SQLite's writes, hashing, zips. Started as work
// comes.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lambdapool::local {

class WorkThreads {
 public:
  explicit WorkThreads(std::size_t most) : most_(most) {
    threads_.reserve(most);  // one that runs cannot be dropped for want of memory
  }
  ~WorkThreads() { stop(); }
  WorkThreads(const WorkThreads&) = delete;
  WorkThreads& operator=(const WorkThreads&) = delete;

  void run(std::function<void()> work);  // nothing after stop(); throws NoThread where there is not even one
  void stop();                           // work that was not begun is dropped; what was begun is waited for

  // Waits for what was begun, and begins nothing more until resume().
  void pause();
  void resume();

 private:
  void serve();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable arrived_;  // work, or the end, or of pause()
  std::condition_variable finished_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  std::size_t busy_ = 0;
  bool paused_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lambdapool::local

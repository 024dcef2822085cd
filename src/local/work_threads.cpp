#include "local/work_threads.hpp"

#include <exception>

#include "core/own_thread.hpp"

namespace lambdapool::local {

void WorkThreads::run(std::function<void()> work) {
  std::lock_guard lock(mutex_);
  if (stopped_) return;
  queue_.push_back(std::move(work));
  if (idle_ >= queue_.size() || threads_.size() == most_) {
    arrived_.notify_one();
    return;
  }
  try {
    threads_.push_back(start_own_thread([this] { serve(); }));
  } catch (const NoThread&) {
    if (!threads_.empty()) return arrived_.notify_one();
    queue_.pop_back();
    throw;
  }
}

void WorkThreads::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    arrived_.wait(lock, [this] { return stopped_ || (!paused_ && !queue_.empty()); });
    --idle_;
    if (stopped_) return;
    ++busy_;
    {
      const auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      try {
        work();
      } catch (const std::exception&) {
        // Work that has somebody to tell does so itself.
      }
    }
    lock.lock();
    if (--busy_ == 0) finished_.notify_all();
  }
}

void WorkThreads::pause() {
  std::unique_lock lock(mutex_);
  paused_ = true;
  finished_.wait(lock, [this] { return busy_ == 0; });
}

void WorkThreads::resume() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  arrived_.notify_all();
}

void WorkThreads::stop() {
  std::deque<std::function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(queue_);
    threads.swap(threads_);
    arrived_.notify_all();
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace lambdapool::local

#include "engine_queue.hpp"

#include <semaphore.h>
#include <time.h>

#include <algorithm>
#include <utility>

namespace lambdapool::python {

using Clock = std::chrono::steady_clock;

// A semaphore, since waiting for one ends when a signal comes, as waiting for Python's locks does.
class EngineQueue::Waiter {
 public:
  Waiter() { ::sem_init(&semaphore_, 0, 0); }
  ~Waiter() { ::sem_destroy(&semaphore_); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // False: a signal has come, or may have just before.
  bool wait() {
    if (woken_) return true;
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    ++until.tv_sec;
    return ::sem_timedwait(&semaphore_, &until) == 0;
  }
  bool is_woken() {
    woken_ = woken_ || ::sem_trywait(&semaphore_) == 0;
    return woken_;
  }
  void wake() { ::sem_post(&semaphore_); }

  std::optional<Completion> completion;
  bool is_back = false;  // soon after it had been here

 private:
  sem_t semaphore_{};
  bool woken_ = false;
};

std::optional<Completion> EngineQueue::take_for(pool::Batch::Job job, const Waiting& waiting) {
  const auto waiter = std::make_shared<Waiter>();  // whoever wakes it may be slower than it
  std::unique_lock lock(mutex_);
  // Where it has come already, nobody else may be there to take it: a callback waits on the thread that takes
  // all.
  const auto is_it = [job](const Completion& one) {
    return !one.early && one.chunk && one.chunk->job == job;
  };
  if (const auto here = std::ranges::find_if(ready_, is_it); here != ready_.end()) {
    auto completion = std::move(*here);
    ready_.erase(here);
    return completion;
  }
  if (closed_ || !waiters_.try_emplace(job, waiter).second) return std::nullopt;
  waiter->is_back = Clock::now() - last_left_ < comes_back_within;
  lock.unlock();
  bool gives_up = waiting.over();
  if (!gives_up && waiting.begin([&] { return waiter->is_woken(); }) && !waiter->is_woken())
    gives_up = waiting.interrupted();  // a signal would not be noticed again
  while (!gives_up && !waiter->wait()) gives_up = waiting.interrupted();
  lock.lock();
  waiters_.erase(job);
  last_left_ = Clock::now();
  if (!gives_up || !waiter->completion) return std::move(waiter->completion);
  ready_.push_back(std::move(*waiter->completion));  // for whoever takes all
  lock.unlock();
  changed_.notify_one();
  return std::nullopt;
}

void EngineQueue::release(pool::Batch::Job job) {
  const std::lock_guard lock(mutex_);
  if (const auto found = waiters_.find(job); found != waiters_.end()) found->second->wake();
}

bool EngineQueue::push(Completion completion) {
  std::unique_lock lock(mutex_);
  if (!completion.early) --in_flight_;
  const auto found = completion.chunk ? waiters_.find(completion.chunk->job) : waiters_.end();
  if (found != waiters_.end() && !found->second->completion) {
    const auto waiter = found->second;
    waiter->completion = std::move(completion);
    const bool comes_back = waiter->is_back && in_flight_ == 0;
    lock.unlock();
    waiter->wake();
    return comes_back;
  }
  ready_.push_back(std::move(completion));
  const bool enough = ready_.size() >= wanted_ || in_flight_ == 0;
  lock.unlock();
  if (enough) changed_.notify_one();
  return false;
}

std::vector<Completion> EngineQueue::take(std::optional<std::chrono::duration<double>> timeout) {
  std::unique_lock lock(mutex_);
  const auto interrupted = [this] { return woken_ || closed_; };
  const auto first = [&] { return interrupted() || !ready_.empty(); };
  if (timeout) {
    changed_.wait_for(lock, *timeout, first);
  } else {
    changed_.wait(lock, first);
  }
  if (!interrupted() && !ready_.empty() && in_flight_ >= lingers_from) {
    wanted_ = ready_.size() + in_flight_ / 4;
    changed_.wait_for(lock, linger,
                      [&] { return interrupted() || ready_.size() >= wanted_ || in_flight_ == 0; });
    wanted_ = 1;
  }
  woken_ = false;
  if (!ready_.empty()) ++batches_;
  return std::exchange(ready_, {});
}

void EngineQueue::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void EngineQueue::warn(const std::string& warning) {
  const std::lock_guard lock(mutex_);
  warnings_.push_back(warning);
  woken_ = true;
  changed_.notify_all();
}

std::vector<std::string> EngineQueue::take_warnings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

void EngineQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [job, waiter] : waiters_) waiter->wake();
  changed_.notify_all();
}

std::uint64_t EngineQueue::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

}  // namespace lambdapool::python

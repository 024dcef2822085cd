#include "engine_queue.hpp"

#include <algorithm>
#include <utility>

namespace lambdapool::python {

void EngineQueue::sent() {
  const std::lock_guard lock(mutex_);
  ++in_flight_;
}

void EngineQueue::push(Completion completion) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  ready_.push_back(std::move(completion));
  if (ready_.size() >= wanted_ || in_flight_ == 0) changed_.notify_one();
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
  changed_.notify_all();
}

std::uint64_t EngineQueue::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

}  // namespace lambdapool::python

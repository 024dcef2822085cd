#include "http/memory_budget.hpp"

#include <utility>

namespace lambdapool::http {

MemoryBudget::Share& MemoryBudget::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  budget_ = std::move(other.budget_);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

bool MemoryBudget::Share::grow(std::size_t bytes) {
  if (budget_ && !budget_->take(bytes)) return false;
  bytes_ += bytes;
  return true;
}

void MemoryBudget::Share::give_back() {
  if (auto budget = std::exchange(budget_, nullptr); budget && bytes_ > 0) budget->give(bytes_);
  bytes_ = 0;
}

bool MemoryBudget::take(std::size_t bytes) {
  std::lock_guard lock(mutex_);
  if (bytes > free_) return false;
  free_ -= bytes;
  return true;
}

// Who waits for less than there is now may try, though others came earlier and want more: a small request
// does not queue behind the large ones.
void MemoryBudget::give(std::size_t bytes) {
  std::vector<std::shared_ptr<Wait>> chosen;
  {
    std::lock_guard lock(mutex_);
    free_ += bytes;
    std::size_t promised = 0;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      auto wait = at->lock();
      const bool fits = wait && promised + wait->bytes_ <= free_;
      if (fits) {
        promised += wait->bytes_;
        chosen.push_back(wait);
      }
      at = fits || !wait ? waiting_.erase(at) : std::next(at);
    }
  }
  for (const auto& wait : chosen) wait->room_();
}

std::shared_ptr<MemoryBudget::Wait> MemoryBudget::wait_for(std::size_t bytes, std::function<void()> room) {
  auto wait = std::make_shared<Wait>(bytes, std::move(room));
  bool at_once = false;
  {
    std::lock_guard lock(mutex_);
    at_once = bytes <= free_;  // since the caller looked
    if (!at_once) waiting_.push_back(wait);
  }
  if (at_once) wait->room_();
  return wait;
}

}  // namespace lambdapool::http

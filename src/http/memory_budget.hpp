// How much memory the requests of many connections may hold at once. What does not fit waits or is refused;
// it is never simply taken.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace lambdapool::http {

// From any thread.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  explicit MemoryBudget(std::size_t bytes) : free_(bytes), all_(bytes) {}

  // A part of the budget, given back when destroyed. An empty one is a part of no budget.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
    Share& operator=(Share&& other) noexcept;
    ~Share() { give_back(); }

    bool grow(std::size_t bytes);  // false: no room, and nothing has changed
    std::size_t bytes() const { return bytes_; }

   private:
    friend class MemoryBudget;
    explicit Share(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
    void give_back();

    std::shared_ptr<MemoryBudget> budget_;
    std::size_t bytes_ = 0;
  };
  Share empty_share() { return Share(shared_from_this()); }

  // Runs `room`, on whichever thread makes it, once `bytes` might fit; the caller then tries again. What
  // is more than the whole budget never fits. Destroying the handle ends the wait.
  class Wait;
  [[nodiscard]] std::shared_ptr<Wait> wait_for(std::size_t bytes, std::function<void()> room);
  bool could_fit(std::size_t bytes) const { return bytes <= all_; }

 private:
  bool take(std::size_t bytes);
  void give(std::size_t bytes);

  std::mutex mutex_;
  std::size_t free_;
  const std::size_t all_;
  std::list<std::weak_ptr<Wait>> waiting_;  // the longest first
};

class MemoryBudget::Wait {
 public:
  Wait(std::size_t bytes, std::function<void()> room) : bytes_(bytes), room_(std::move(room)) {}

 private:
  friend class MemoryBudget;
  std::size_t bytes_;
  std::function<void()> room_;
};

}  // namespace lambdapool::http

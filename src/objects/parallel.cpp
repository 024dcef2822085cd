#include "objects/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "core/signals_blocked.hpp"

namespace lambdapool::objects {

Result<void> in_parallel(std::size_t count, std::size_t threads,
                         const std::function<Result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  Result<void> outcome;
  const auto run = [&] {
    for (std::size_t i = next++; i < count && !failed; i = next++) {
      auto done = work(i);
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (!failed.exchange(true)) outcome = std::move(done);
    }
  };
  std::vector<std::thread> others;
  try {
    const SignalsBlocked blocked;
    while (others.size() + 1 < std::min(threads, count)) others.emplace_back(run);
  } catch (const std::system_error&) {
  }  // no more of them are to be had: these do
  run();
  for (auto& other : others) other.join();
  return outcome;
}

}  // namespace lambdapool::objects

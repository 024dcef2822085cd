#include "objects/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>
#include <vector>

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
  // Signals are for the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (others.size() + 1 < std::min(threads, count)) others.emplace_back(run);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  run();
  for (auto& other : others) other.join();
  return outcome;
}

}  // namespace lambdapool::objects

// What a worker's processes take, and its limit where the kernel does not hold it.
#include <algorithm>

#include "local/worker/worker.hpp"

namespace lambdapool::local {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds memory_interval{50};
// In so short a time a process cannot make many pages its own: what it took last is then true enough, and
// asking the system for each of thousands of quick invocations would cost more than all else about them.
constexpr milliseconds peak_interval{5};

}  // namespace

int Worker::used_mb(const InvocationError* failure) const {
  const int most = setting_.function->memory_mb;
  if (failure && failure->type == out_of_memory().type) return most;
  constexpr std::uint64_t mb = 1 << 20;
  return static_cast<int>(
      std::min<std::uint64_t>((peak_bytes_ + mb - 1) / mb, static_cast<std::uint64_t>(most)));
}

bool Worker::over_limit(std::uint64_t resident) const {
  return resident > static_cast<std::uint64_t>(setting_.function->memory_mb) << 20;
}

void Worker::note_peak() {
  const auto now = Clock::now();
  if (!peak_ || now - peak_noted_ < peak_interval) return;
  peak_bytes_ = std::max(peak_bytes_, peak_->bytes());
  peak_noted_ = now;
}

void Worker::watch_memory() {
  memory_timer_.reset();
  const auto state = life_.state();
  const bool runs =
      state == Life::State::starting || state == Life::State::failing || state == Life::State::busy;
  if (!runs || pid_ <= 0 || !parts_.memory.watches()) return;  // begin() starts it again
  std::uint64_t resident = 0;
  for (const pid_t pid : process_->pids()) resident += resident_bytes_of_tree(pid);
  peak_bytes_ = std::max(peak_bytes_, resident);
  if (over_limit(resident)) {
    settle_early();
    return carry_out(life_.over_memory(Clock::now()));
  }
  watch_memory_later();
}

void Worker::watch_memory_later() {
  memory_timer_ = parts_.loop.call_after(memory_interval, [this] { watch_memory(); });
}

}  // namespace lambdapool::local

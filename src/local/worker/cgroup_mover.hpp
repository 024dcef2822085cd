// Moves processes into cgroups, on a thread of its own.
//
// The kernel takes 5 to 20 ms for the first move in a while (it waits for a grace period of RCU), and some
// 40 µs for each one right after it. A worker is there in 2, so it does not wait for its cgroup: it is moved
// while it starts, with whatever it has started itself by then. What it has in memory already stays charged
// to its old cgroup, and is therefore taken off the new one's limit.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

namespace lambdapool::local {

class CgroupMover {
 public:
  CgroupMover();
  ~CgroupMover();  // waits for the move under way, drops the others

  // Writes `pid` and its descendants to `procs`; then calls `moved` on the mover's thread with what they
  // had resident.
  void move(pid_t pid, std::filesystem::path procs, std::function<void(std::uint64_t resident_bytes)> moved);

 private:
  struct Job {
    pid_t pid;
    std::filesystem::path procs;
    std::function<void(std::uint64_t)> moved;
  };
  void run();
  static void carry_out(const Job& job);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lambdapool::local

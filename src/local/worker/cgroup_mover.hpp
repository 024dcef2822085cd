// Makes, fills and removes cgroups, on a thread of its own.
//
// The kernel takes 5 to 20 ms for the first move in a while (it waits for a grace period of RCU), and some
// 40 µs for each one right after it; whoever makes or removes a cgroup meanwhile waits as well. A worker is
// there in 2, so it does not wait for its cgroup: it is moved while it starts, with whatever it has started
// itself by then. What it has in memory already stays charged to its old cgroup, and is therefore taken off
// the new one's limit.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

namespace lambdapool::local {

class CgroupMover {
 public:
  CgroupMover();   // throws NoThread
  ~CgroupMover();  // when all has been carried out

  // Each after the ones before it.
  void post(std::function<void()> change);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> changes_;
  bool stopping_ = false;
  std::thread thread_;
};

// Writes `root` and its descendants to `procs`; false where that cannot be opened.
bool move_tree(pid_t root, const std::filesystem::path& procs);

}  // namespace lambdapool::local

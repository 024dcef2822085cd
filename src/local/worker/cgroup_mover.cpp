#include "local/worker/cgroup_mover.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/descriptor.hpp"
#include "core/own_thread.hpp"
#include "local/worker/process_tree.hpp"

namespace lambdapool::local {

// Children that were born before their parent was moved are outside; those born after are inside. So each
// process is moved before it is asked for its children.
bool move_tree(pid_t root, const std::filesystem::path& procs) {
  const Descriptor file(::open(procs.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return false;
  std::set<pid_t> seen;
  std::vector<pid_t> left{root};
  while (!left.empty()) {
    const pid_t pid = left.back();
    left.pop_back();
    if (!seen.insert(pid).second) continue;
    const std::string text = std::to_string(pid);
    if (::write(file.get(), text.data(), text.size()) < 0) continue;  // it has ended meanwhile
    const auto children = children_of(pid);
    left.insert(left.end(), children.begin(), children.end());
  }
  return true;
}

CgroupMover::CgroupMover() : thread_(start_own_thread([this] { run(); })) {}

CgroupMover::~CgroupMover() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CgroupMover::post(std::function<void()> change) {
  {
    const std::lock_guard lock(mutex_);
    changes_.push_back(std::move(change));
  }
  changed_.notify_one();
}

// A worker that could not be moved goes on without its limit, which is said.
void CgroupMover::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !changes_.empty(); });
    if (changes_.empty()) return;
    const auto change = std::move(changes_.front());
    changes_.pop_front();
    lock.unlock();
    try {
      change();
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "lambdapool: a worker could not be put under its memory limit: %s\n",
                   failure.what());
    }
    lock.lock();
  }
}

}  // namespace lambdapool::local

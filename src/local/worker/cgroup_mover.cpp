#include "local/worker/cgroup_mover.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <set>
#include <string>

#include "local/worker/descriptor.hpp"
#include "local/worker/process_tree.hpp"
#include "local/worker/resident_memory.hpp"

namespace lambdapool::local {
namespace {

// Children that were born before their parent was moved are outside; those born after are inside. So each
// process is moved before it is asked for its children.
void move_tree(pid_t root, const std::filesystem::path& procs) {
  const Descriptor file(::open(procs.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return;
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
}

}  // namespace

CgroupMover::CgroupMover() {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program that we are a library of
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CgroupMover::~CgroupMover() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CgroupMover::move(pid_t pid, std::filesystem::path procs, std::function<void(std::uint64_t)> moved) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({pid, std::move(procs), std::move(moved)});
  }
  changed_.notify_one();
}

// A worker that could not be moved goes on without its limit, which is said.
void CgroupMover::carry_out(const Job& job) {
  try {
    move_tree(job.pid, job.procs);
    job.moved(resident_bytes_of_tree(job.pid));
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "lambdapool: process %d could not be put under its memory limit: %s\n", job.pid,
                 failure.what());
  }
}

void CgroupMover::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    carry_out(job);
    lock.lock();
  }
}

}  // namespace lambdapool::local

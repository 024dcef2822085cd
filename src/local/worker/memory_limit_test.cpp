#include "local/worker/memory_limit.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

namespace lambdapool::local {
namespace {

// A process that does nothing until it is killed.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    while (pid_ == 0) ::pause();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() { end(); }
  void end() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }
  std::string cgroups() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/cgroup");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  pid_t pid_;
};

// Ends it before its cgroup, which can only be removed when nobody is in it.
struct Ended {
  Sleeper& one;
  ~Ended() { one.end(); }
};

TEST(MemoryLimits, AWorkerIsEnclosedThatHasStartedBeforeItWasKnownWhetherThereAreCgroups) {
  Sleeper probe, worker;
  const auto limits = MemoryLimits::probe(probe.pid(), true);
  auto cell = limits->make(64);
  const Ended before_its_cgroup{probe}, so_too{worker};
  if (cell) cell->enclose(worker.pid());
  if (limits->kind() == MemoryLimits::Kind::watched) GTEST_SKIP() << "no cgroup can be written here";
  while (!cell->enclosed()) std::this_thread::yield();
  EXPECT_NE(worker.cgroups().find("/worker-1"), std::string::npos) << worker.cgroups();
  EXPECT_FALSE(cell->out_of_memory());
}

TEST(MemoryLimits, OnceItIsKnownMemoryIsEitherWatchedOrHeldByACgroup) {
  Sleeper probe;
  const auto limits = MemoryLimits::probe(probe.pid(), true);
  const Ended before_its_cgroup{probe};
  const bool watched = limits->kind() == MemoryLimits::Kind::watched;
  EXPECT_EQ(limits->watches(), watched);
  EXPECT_EQ(limits->make(64) == nullptr, watched);
}

TEST(MemoryLimits, AProcessThatHasEndedCannotShowThatCgroupsWork) {
  Sleeper sleeper;
  const pid_t ended = sleeper.pid();
  sleeper.end();
  const auto limits = MemoryLimits::probe(ended, true);
  const auto cell = limits->make(64);
  if (cell) cell->enclose(::getpid());
  EXPECT_EQ(limits->kind(), MemoryLimits::Kind::watched);
  EXPECT_TRUE(limits->watches());
  EXPECT_FALSE(cell && (cell->enclosed() || cell->out_of_memory()));
}

TEST(MemoryLimits, AreWatchedWhereCgroupsAreNotWanted) {
  const auto limits = MemoryLimits::probe(::getpid(), false);
  EXPECT_TRUE(limits->watches());
  EXPECT_EQ(limits->make(64), nullptr);
}

}  // namespace
}  // namespace lambdapool::local

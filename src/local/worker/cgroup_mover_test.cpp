#include "local/worker/cgroup_mover.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "local/worker/memory_limit.hpp"

namespace lambdapool::local {
namespace {

TEST(CgroupMover, CarriesOutAllChangesInTheirOrderBeforeItEnds) {
  std::vector<int> done;
  {
    CgroupMover mover;
    for (int i = 0; i < 100; ++i) mover.post([&done, i] { done.push_back(i); });
  }
  std::vector<int> all(100);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(done, all);
}

TEST(CgroupMover, GoesOnAfterAChangeThatFailed) {
  bool done = false;
  {
    CgroupMover mover;
    mover.post([] { throw std::runtime_error("no memory"); });
    mover.post([&done] { done = true; });
  }
  EXPECT_TRUE(done);
}

TEST(CgroupMover, SaysWhereThereIsNoSuchCgroup) {
  EXPECT_FALSE(move_tree(::getpid(), "/nowhere/cgroup.procs"));
}

// In a process of its own, where a thread wants more than there is.
[[noreturn]] void probe_without_threads() {
  long pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const auto size = static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  const rlimit limit{size + (rlim_t{256} << 20), size + (rlim_t{256} << 20)};
  pthread_attr_t large;
  const bool set = ::pthread_attr_init(&large) == 0 &&
                   ::pthread_attr_setstacksize(&large, std::size_t{1} << 30) == 0 &&
                   ::pthread_setattr_default_np(&large) == 0 && ::setrlimit(RLIMIT_AS, &limit) == 0;
  if (!set) std::_Exit(2);
  const auto limits = MemoryLimits::probe(::getpid(), true);
  std::_Exit(limits->kind() == MemoryLimits::Kind::watched ? 0 : 1);
}

TEST(CgroupMover, WithoutAThreadForItMemoryIsWatched) {
  EXPECT_EXIT(probe_without_threads(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace lambdapool::local

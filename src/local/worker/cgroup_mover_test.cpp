#include "local/worker/cgroup_mover.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

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

}  // namespace
}  // namespace lambdapool::local

#include "api/chunking.hpp"

#include <gtest/gtest.h>

namespace lambdapool::api {
namespace {

using std::chrono::microseconds;

TEST(Chunking, StartsWithOneItemBecauseNothingIsKnown) { EXPECT_EQ(Chunking(0, 2).next(10'000), 1u); }

TEST(Chunking, KeepsASizeThatWasAskedFor) {
  Chunking chunking(7, 2);
  EXPECT_EQ(chunking.next(100), 7u);
  EXPECT_EQ(chunking.next(3), 3u);
}

TEST(Chunking, GrowsGentlyForQuickItemsAndNeverForSlowOnes) {
  Chunking quick(0, 2);
  quick.observe(1, microseconds(5));
  EXPECT_EQ(quick.next(100'000), 4u);
  quick.observe(4, microseconds(20));
  EXPECT_EQ(quick.next(100'000), 16u);
  Chunking slow(0, 2);
  slow.observe(1, microseconds(50'000));
  EXPECT_EQ(slow.next(100'000), 1u);
}

TEST(Chunking, StopsAtAboutTheTargetTime) {
  Chunking chunking(0, 2);
  for (std::size_t size = 1; size < 5'000; size = chunking.next(1'000'000)) {
    chunking.observe(size, microseconds(100 * size));
    if (chunking.next(1'000'000) == size) break;
  }
  EXPECT_NEAR(static_cast<double>(chunking.next(1'000'000)), 300, 1);
}

TEST(Chunking, LeavesEveryWorkerAShareTowardsTheEnd) {
  Chunking chunking(0, 4);
  chunking.observe(1'000, microseconds(0));
  EXPECT_EQ(chunking.next(800), 100u);
  EXPECT_EQ(chunking.next(3), 1u);
}

}  // namespace
}  // namespace lambdapool::api

#include "pool/chunking.hpp"

#include <gtest/gtest.h>

namespace lambdapool::pool {
namespace {

using Seconds = Chunking::Seconds;

TEST(Chunking, StartsWithOneItemBecauseNothingIsKnown) { EXPECT_EQ(Chunking(0, 2).next(10'000), 1u); }

TEST(Chunking, KeepsASizeThatWasAskedFor) {
  Chunking chunking(7, 2);
  chunking.observe(1, Seconds(100), 1'000'000'000);
  EXPECT_EQ(chunking.next(100), 7u);
  EXPECT_EQ(chunking.next(3), 3u);
}

TEST(Chunking, ItemsThatAreQuickForLongMakeRows) {
  Chunking chunking(1, 2, true);
  for (int i = 0; i < 99; ++i) chunking.observe(1, Seconds(1e-6), 100);
  EXPECT_EQ(chunking.next(1000), 1u);
  chunking.observe(1, Seconds(1e-6), 100);
  EXPECT_EQ(chunking.next(1000), 16u);
  EXPECT_EQ(chunking.next(10), 5u);
  EXPECT_EQ(chunking.next(1), 1u);
  chunking.observe(16, Seconds(1e-6 * 16), 1600);
  EXPECT_EQ(chunking.next(1000), 16u);
  chunking.observe(16, Seconds(1e-3), 1600);
  EXPECT_EQ(chunking.next(1000), 1u);
}

TEST(Chunking, RowsAreOnlyWhereTheyAreWantedAndSingleItemsWereAskedFor) {
  for (Chunking chunking : {Chunking(1, 2), Chunking(7, 2, true)}) {
    const auto before = chunking.next(1000);
    chunking.observe(1000, Seconds(0), 0);
    EXPECT_EQ(chunking.next(1000), before);
  }
  Chunking large(1, 2, true);
  large.observe(200, Seconds(1e-4), 200'000);
  EXPECT_EQ(large.next(1000), 1u);
}

TEST(Chunking, GrowsStepByStepToSomeTensOfMilliseconds) {
  Chunking chunking(0, 2);
  std::size_t size = 1;
  for (const std::size_t next : {64u, 512u, 3'000u, 3'000u}) {
    chunking.observe(size, Seconds(1e-5 * static_cast<double>(size)), 10 * size);
    size = chunking.next(1'000'000'000);
    EXPECT_EQ(size, next);
  }
}

TEST(Chunking, StaysWithSingleItemsThatTakeLong) {
  Chunking chunking(0, 10);
  for (int i = 0; i < 5; ++i) {
    chunking.observe(1, Seconds(0.5), 100);
    EXPECT_EQ(chunking.next(10'000), 1u);
  }
}

TEST(Chunking, LeavesEveryWorkerAShareTowardsTheEnd) {
  Chunking chunking(0, 4);
  chunking.observe(1'000, Seconds(1), 0);
  EXPECT_EQ(chunking.next(160), 20u);
  EXPECT_EQ(chunking.next(3), 1u);
}

TEST(Chunking, MakesNoChunkOfLessWorkThanAnInvocationIsWorth) {
  Chunking chunking(0, 4);
  chunking.observe(1'000, Seconds(1e-3), 0);
  EXPECT_EQ(chunking.next(4'000), 1'000u);
  EXPECT_EQ(chunking.next(300), 300u);
}

TEST(Chunking, LargeOutcomesMakeSmallChunks) {
  Chunking chunking(0, 1);
  chunking.observe(100, Seconds(1e-6), std::size_t{100} * 256 * 1024);
  EXPECT_EQ(chunking.next(10'000), 2u);
}

TEST(Chunking, ASlowItemCountsAtOnceAndAFastOneLittleByLittle) {
  Chunking chunking(0, 1);
  chunking.observe(100, Seconds(100 * 1e-4), 1);
  EXPECT_EQ(chunking.next(1'000'000), 300u);
  chunking.observe(1, Seconds(1), 1);
  EXPECT_EQ(chunking.next(1'000'000), 1u);
  chunking.observe(100, Seconds(100 * 1e-4), 1);
  EXPECT_EQ(chunking.next(1'000'000), 1u);
}

}  // namespace
}  // namespace lambdapool::pool

#include "pool/task_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Task = TaskRows::Task;

constexpr Chunking::Seconds quick{1e-6};

// What a hundred quick calls leave.
void warm(TaskRows& rows) {
  for (TaskRows::Call call = 1001; call <= 1100; ++call) {
    EXPECT_EQ(rows.next("f", 100), 1u);
    rows.sent("f", {{call, call, "a"}});
    rows.over(call, 1, quick, 10);
  }
}

std::vector<Task> four() { return {{1, 11, "a"}, {2, 12, "b"}, {3, 13, "c"}, {4, 14, "d"}}; }

TEST(TaskRows, ComeOnceAHundredWereQuick) {
  TaskRows rows(2);
  warm(rows);
  EXPECT_EQ(rows.next("f", 100), 16u);
  EXPECT_EQ(rows.next("f", 6), 3u);  // something for each worker
  EXPECT_EQ(rows.next("f", 1), 1u);
}

TEST(TaskRows, AreOfOneFunction) {
  TaskRows rows(2);
  warm(rows);
  rows.sent("f", four());
  EXPECT_EQ(rows.next("g", 100), 1u);
  rows.over(11, 4, quick, 10);
  EXPECT_EQ(rows.next("g", 100), 1u);  // what is known of the other
  EXPECT_EQ(rows.next("f", 100), 1u);
}

TEST(TaskRows, EndWithASlowOneAndWithOneThatStopsShort) {
  TaskRows rows(1);
  warm(rows);
  rows.sent("f", four());
  rows.over(11, 4, Chunking::Seconds(1e-3), 10);
  EXPECT_EQ(rows.next("f", 100), 1u);
  warm(rows);
  EXPECT_EQ(rows.next("f", 100), 16u);
  rows.sent("f", four());
  rows.over(11, 3, quick, 10);
  EXPECT_EQ(rows.next("f", 100), 1u);
}

TEST(TaskRows, WhatWasCutIsNotMissing) {
  TaskRows rows(1);
  warm(rows);
  rows.sent("f", four());
  const auto back = rows.cut(11, 1);
  EXPECT_EQ(back.function, "f");
  EXPECT_THAT(back.tasks, ElementsAre(Task{2, 12, "b"}, Task{3, 13, "c"}, Task{4, 14, "d"}));
  EXPECT_THAT(rows.cut(11, 1).tasks, IsEmpty());
  EXPECT_THAT(rows.over(11, 1, quick, 10).tasks, ElementsAre(Task{1, 11, "a"}));
  EXPECT_EQ(rows.find(11), nullptr);
  EXPECT_EQ(rows.next("f", 100), 16u);
}

TEST(TaskRows, TellEachEarlyOutcomeOnce) {
  TaskRows rows(1);
  rows.sent("f", four());
  const auto first = rows.arrived_early(11, 0, 1);
  EXPECT_THAT(first.first, ElementsAre(1));
  EXPECT_EQ(first.second, 0u);
  EXPECT_THAT(rows.arrived_early(11, 2, 1).first, IsEmpty());  // the one before is missing
  const auto second = rows.arrived_early(11, 0, 3);
  EXPECT_THAT(second.first, ElementsAre(2, 3));
  EXPECT_EQ(second.second, 1u);
  EXPECT_THAT(rows.arrived_early(11, 1, 1).first, IsEmpty());         // known
  EXPECT_THAT(rows.arrived_early(11, 1, 1).first, IsEmpty());         // known
  EXPECT_THAT(rows.arrived_early(11, 3, 1).first, IsEmpty());         // the last is the answer's
  EXPECT_THAT(rows.cut(11, 1).tasks, ElementsAre(Task{4, 14, "d"}));  // what has been told is not cut
}

TEST(TaskRows, BeginOneByOneAsFarAsIsKnown) {
  TaskRows rows(1);
  rows.sent("f", four());
  EXPECT_TRUE(rows.may_have_begun(11, 1));
  EXPECT_FALSE(rows.may_have_begun(11, 2));
  rows.arrived_early(11, 0, 1);
  EXPECT_FALSE(rows.may_have_begun(11, 1));  // it is over
  EXPECT_TRUE(rows.may_have_begun(11, 2));
  EXPECT_TRUE(rows.may_have_begun(12, 2));  // none of these
}

TEST(TaskRows, AreNotCutOnceTheyHaveAnAnswer) {
  TaskRows rows(1);
  rows.sent("f", four());
  rows.find(11)->answered = true;
  EXPECT_THAT(rows.cut(11, 1).tasks, IsEmpty());
}

TEST(TaskRows, KnowNothingOfOtherCalls) {
  TaskRows rows(1);
  EXPECT_EQ(rows.find(1), nullptr);
  EXPECT_THAT(rows.cut(1, 0).tasks, IsEmpty());
  EXPECT_THAT(rows.arrived_early(1, 0, 1).first, IsEmpty());
  EXPECT_THAT(rows.over(1).tasks, IsEmpty());
}

}  // namespace
}  // namespace lambdapool::pool

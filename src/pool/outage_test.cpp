#include "pool/outage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;

constexpr Outage::Time start = Outage::Time{} + 1h;

TEST(Outage, IsOverItsDeadlineWhenNothingGotThroughForSoLong) {
  Outage outage(120s);
  EXPECT_FALSE(outage.is_over_deadline(start));
  outage.failed(start);
  outage.failed(start + 60s);
  EXPECT_FALSE(outage.is_over_deadline(start + 119s));
  EXPECT_TRUE(outage.is_over_deadline(start + 120s));
}

TEST(Outage, EndsWithTheFirstAnswer) {
  Outage outage(120s);
  outage.failed(start);
  outage.ended();
  EXPECT_FALSE(outage.is_over_deadline(start + 1h));
  outage.failed(start + 1h);
  EXPECT_FALSE(outage.is_over_deadline(start + 1h + 119s));
}

TEST(Outage, WaitsNoLongerThanToItsDeadline) {
  Outage outage(10s);
  outage.failed(start);
  EXPECT_EQ(outage.within(5s, start + 2s), 5s);
  EXPECT_EQ(outage.within(5s, start + 8s), 2s);
  EXPECT_EQ(outage.within(5s, start + 11s), 0s);
}

TEST(Outage, IsToldAfterFiveSecondsAndOnce) {
  Outage outage(120s);
  EXPECT_FALSE(outage.tell_at());
  outage.failed(start);
  EXPECT_EQ(outage.tell_at(), start + 5s);
  EXPECT_FALSE(outage.to_tell(start + 4s));
  EXPECT_EQ(outage.to_tell(start + 7s), 7s);
  EXPECT_FALSE(outage.to_tell(start + 8s));
  EXPECT_FALSE(outage.tell_at());
  outage.ended();
  outage.failed(start + 1min);
  EXPECT_TRUE(outage.to_tell(start + 65s)) << "another outage is told again";
}

TEST(Outage, WithoutADeadlineIsOverAtOnce) {
  Outage outage(0s);
  outage.failed(start);
  EXPECT_TRUE(outage.is_over_deadline(start));
}

}  // namespace
}  // namespace lambdapool::pool

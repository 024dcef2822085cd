#include "report/budget.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace lambdapool::report {
namespace {

const Prices a_dollar_a_gb_second{.request = 0, .gb_second = 1};

Call call_of(double seconds, std::size_t items = 1) {
  Call call{.count = items};
  call.times.invocation =
      Invocation{.duration_ms = seconds * 1e3, .billed_ms = seconds * 1e3, .memory_mb = 1024};
  return call;
}

TEST(Budget, OneItemGoesFirstAndMoreWithEachThatCameBack) {
  Budget budget(1'000);
  EXPECT_EQ(budget.room(), 1u);
  budget.add(call_of(1), a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 3u);
  for (int i = 0; i < 3; ++i) budget.add(call_of(1), a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 9u);
  EXPECT_DOUBLE_EQ(budget.spent(), 4);
}

TEST(Budget, NoMoreItemsAreUnderWayThanCouldAllCostWhatTheDearestDid) {
  Budget budget(100);
  for (int i = 0; i < 60; ++i) budget.add(call_of(1), a_dollar_a_gb_second);
  budget.add(call_of(10), a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 3u);  // of the 30 that are left
  budget.add(call_of(25), a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 0u) << "5 are left";
}

TEST(Budget, AnItemOfAChunkCostsItsShare) {
  Budget budget(10);
  budget.add(call_of(8, 8), a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 2u);
}

TEST(Budget, ACallWithoutAReportIsTakenForADearOne) {
  Budget budget(10);
  budget.add(call_of(4), a_dollar_a_gb_second);
  budget.add(Call{}, a_dollar_a_gb_second);
  EXPECT_DOUBLE_EQ(budget.spent(), 8);
  EXPECT_EQ(budget.room(), 0u);
}

TEST(Budget, WherePlatformsTellNothingNothingMoreIsSpent) {
  Budget budget(10);
  budget.add(Call{}, a_dollar_a_gb_second);
  EXPECT_EQ(budget.room(), 0u);
}

// Whatever tasks take, in whatever order they come back: the cap is crossed by no more than one item can be
// dearer than all before it.
TEST(Budget, IsNeverCrossedByItemsThatAreNoDearerThanThoseBefore) {
  Budget budget(500);
  std::deque<double> under_way;
  double spent = 0;
  unsigned random = 1;
  for (int sent = 0;;) {
    while (under_way.size() < budget.room()) {
      random = random * 1'664'525 + 1'013'904'223;
      under_way.push_back(sent++ == 0 ? 5 : 1 + static_cast<double>(random >> 16 & 3));
    }
    if (under_way.empty()) break;
    const std::size_t one = random % under_way.size();
    spent += under_way[one];
    budget.add(call_of(under_way[one]), a_dollar_a_gb_second);
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(one));
  }
  EXPECT_LE(spent, 500);
  EXPECT_GT(spent, 494);
}

}  // namespace
}  // namespace lambdapool::report

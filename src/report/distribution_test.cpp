#include "report/distribution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lambdapool::report {
namespace {

TEST(Distribution, OfNothingIsNothing) {
  const Distribution none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.max(), 0);
  EXPECT_EQ(none.min(), 0);
  EXPECT_EQ(none.quantile(0.5), 0);
}

TEST(Distribution, HasQuantilesToAPercentAndExactEnds) {
  Distribution numbers;
  for (int i = 1; i <= 1000; ++i) numbers.add(i);
  EXPECT_NEAR(numbers.quantile(0.5), 500, 5);
  EXPECT_NEAR(numbers.quantile(0.99), 990, 9.9);
  EXPECT_EQ(numbers.quantile(1), 1000);
  EXPECT_EQ(numbers.quantile(0), 1);
  EXPECT_EQ(numbers.min(), 1);
  EXPECT_EQ(numbers.max(), 1000);
  EXPECT_EQ(numbers.sum(), 500500);
}

TEST(Distribution, OfOneValueIsThatValue) {
  Distribution one;
  one.add(0.0123, 7);
  for (const double part : {0.0, 0.5, 1.0}) EXPECT_EQ(one.quantile(part), 0.0123);
  EXPECT_EQ(one.count(), 7u);
}

TEST(Distribution, CountsWhatIsNoDurationAsZero) {
  Distribution odd;
  odd.add(-1);
  odd.add(std::nan(""));
  odd.add(std::numeric_limits<double>::infinity());
  EXPECT_EQ(odd.count(), 3u);
  EXPECT_EQ(odd.max(), 0);
  odd.add(5);
  EXPECT_EQ(odd.quantile(0.5), 0);
  EXPECT_EQ(odd.quantile(1), 5);
}

TEST(Distribution, TakesAnotherIn) {
  Distribution a, b;
  a.add(1, 3);
  b.add(100, 1);
  a.add(b);
  a.add(Distribution());
  EXPECT_EQ(a.count(), 4u);
  EXPECT_EQ(a.sum(), 103);
  EXPECT_EQ(a.max(), 100);
  EXPECT_EQ(a.min(), 1);
}

}  // namespace
}  // namespace lambdapool::report

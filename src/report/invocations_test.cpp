#include "report/invocations.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

using Ending = Invocation::Ending;

TEST(Invocations, CostWhatEachOfThemCosts) {
  const Prices prices{.request = 2e-7, .gb_second = 1.66667e-5};
  Invocations all;
  double sum = 0;
  for (int i = 1; i <= 10'000; ++i) {
    const int memory = i % 2 == 0 ? 128 : 512;
    all.add({.duration_ms = i - 0.4, .billed_ms = static_cast<double>(i), .memory_mb = memory});
    sum += 2e-7 + i / 1000.0 * memory / 1024.0 * 1.66667e-5;
  }
  EXPECT_NEAR(all.cost(prices), sum, 1e-8);
  EXPECT_EQ(all.count(), 10'000u);
}

TEST(Invocations, CountColdStartsAndFailures) {
  Invocations all;
  all.add(
      {.duration_ms = 3000, .billed_ms = 3000, .init_ms = 120, .memory_mb = 128, .max_memory_used_mb = 40});
  all.add({.ending = Ending::timed_out, .duration_ms = 3000, .billed_ms = 3000, .memory_mb = 128});
  all.add({.ending = Ending::failed, .billed_ms = 10, .memory_mb = 256, .max_memory_used_mb = 12});
  EXPECT_EQ(all.cold_starts_ms().count(), 1u);
  EXPECT_EQ(all.cold_starts_ms().max(), 120);
  EXPECT_EQ(all.timed_out(), 1u);
  EXPECT_EQ(all.failed(), 1u);
  EXPECT_EQ(all.memory_mb(), 256);
  EXPECT_EQ(all.max_memory_used_mb(), 40);
  EXPECT_DOUBLE_EQ(all.gb_seconds(), 6 * 0.125 + 0.01 * 0.25);
}

}  // namespace
}  // namespace lambdapool::report

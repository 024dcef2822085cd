#include "report/figures.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

TEST(Figures, AreInTheUnitThatPeopleRead) {
  const std::pair<double, const char*> durations[] = {
      {0, "0 ms"},       {0.00137, "1.37 us"}, {0.391, "0.391 ms"},    {12.34, "12.3 ms"},
      {999.9, "1.00 s"}, {1500, "1.50 s"},     {125'000, "2 min 5 s"}, {7'500'000, "2 h 5 min"},
  };
  for (const auto& [ms, words] : durations) EXPECT_EQ(duration(ms), words);
  EXPECT_EQ(bytes(12), "12 B");
  EXPECT_EQ(bytes(1536), "1.5 kB");
  EXPECT_EQ(bytes(3e6), "3.0 MB");
  EXPECT_EQ(dollars(0.0000123), "$0.000012");
  EXPECT_EQ(dollars(12.5), "$12.50");
  EXPECT_EQ(dollars(0.0000000119), "$0.000000012");
  EXPECT_EQ(dollars(0), "$0.000000");
}

}  // namespace
}  // namespace lambdapool::report

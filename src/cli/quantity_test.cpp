#include "cli/quantity.hpp"

#include <gtest/gtest.h>

namespace lambdapool::cli {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsSizesInTheLargestFittingUnit) {
  EXPECT_EQ(readable_size(0), "0 B");
  EXPECT_EQ(readable_size(1023), "1023 B");
  EXPECT_EQ(readable_size(1024), "1.00 KB");
  EXPECT_EQ(readable_size(50'944), "49.75 KB");
  EXPECT_EQ(readable_size(52'428'800), "50.00 MB");
  EXPECT_EQ(readable_size(5ll << 40), "5120.00 GB");
}

TEST(Quantity, ReadsAgesInTheLargestFittingUnit) {
  EXPECT_EQ(readable_age(20s), "20 seconds ago");
  EXPECT_EQ(readable_age(1s), "1 second ago");
  EXPECT_EQ(readable_age(60s), "1 minute ago");
  EXPECT_EQ(readable_age(119min), "1 hour ago");
  EXPECT_EQ(readable_age(49h), "2 days ago");
  EXPECT_EQ(readable_age(24h * 45), "1 month ago");
  EXPECT_EQ(readable_age(24h * 800), "2 years ago");
}

TEST(Quantity, AClockThatIsAheadMakesNoNegativeAge) {
  EXPECT_EQ(readable_age(0s), "just now");
  EXPECT_EQ(readable_age(-90s), "just now");
}

}  // namespace
}  // namespace lambdapool::cli

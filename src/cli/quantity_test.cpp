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

TEST(Quantity, ReadsLambdasTimestamps) {
  const auto at = [](const char* text) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               parse_last_modified(text)->time_since_epoch())
        .count();
  };
  EXPECT_EQ(at("2026-11-22T19:00:00.250+0000"), 1'795'374'000'250);
  EXPECT_EQ(at("2026-11-22T20:30:00.250+0130"), 1'795'374'000'250);
  EXPECT_EQ(at("2026-11-22T17:30:00.250-0130"), 1'795'374'000'250);
  EXPECT_EQ(at("2026-11-22T19:00:00.250123000Z"), 1'795'374'000'250);
  EXPECT_EQ(at("2026-11-22T19:00:00Z"), 1'795'374'000'000);
  EXPECT_EQ(parse_last_modified("yesterday"), std::nullopt);
  EXPECT_EQ(parse_last_modified("2026-02-31T00:00:00.000+0000"), std::nullopt);
}

}  // namespace
}  // namespace lambdapool::cli

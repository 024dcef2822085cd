#include "core/timestamp.hpp"

#include <gtest/gtest.h>

namespace lambdapool {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point some{1'795'385'666s};

TEST(Timestamp, IsReadInEveryFormThatAwsWrites) {
  for (const char* text :
       {"2026-11-22T22:14:26Z", "2026-11-22T22:14:26.123456Z", "2026-11-22T22:14:26UTC",
        "2026-11-22T22:14:26", "2026-11-22T22:14:26+00:00", "2026-11-22T23:44:26+01:30",
        "2026-11-22T14:14:26-0800", "2026-11-22T22:14:26.250+0000", "2026-11-22 22:14:26Z"}) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, some) << text;
  }
}

TEST(Timestamp, OutOfReachIsTheNearestThatCanBeReckonedWith) {
  EXPECT_EQ(format_timestamp(*parse_timestamp("9999-12-31T23:59:59Z")), "2200-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(*parse_timestamp("0001-01-01T00:00:00Z")), "1900-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(nearest_time(std::chrono::sys_time<std::chrono::milliseconds>::max())),
            "2200-01-01T00:00:00Z");
}

TEST(Timestamp, IsNothingElse) {
  for (const char* text : {"", "soon", "2026-11-22", "2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z",
                           "2026-11-22T22:14:26Zebra", "2026-1-2T1:2:3Z", "-026-11-22T22:14:26Z"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, HasMillisecondsWhereTheyAreAskedFor) {
  const std::chrono::sys_time<std::chrono::milliseconds> whole{1'795'385'666s};
  EXPECT_EQ(parse_timestamp_ms("2026-11-22T22:14:26Z"), whole);
  EXPECT_EQ(parse_timestamp_ms("2026-11-22T22:14:26.5Z"), whole + 500ms);
  EXPECT_EQ(parse_timestamp_ms("2026-11-22T22:14:26.0129999999Z"), whole + 12ms);
  EXPECT_EQ(format_timestamp_ms(whole + 7ms), "2026-11-22T22:14:26.007Z");
}

TEST(Timestamp, IsWrittenInUtc) { EXPECT_EQ(format_timestamp(some + 999ms), "2026-11-22T22:14:26Z"); }

}  // namespace
}  // namespace lambdapool

#include "cli/instant.hpp"

#include <gtest/gtest.h>

#include "core/timestamp.hpp"

namespace lambdapool::cli {
namespace {

const Instant now{std::chrono::milliseconds{1'795'374'000'000}};  // 2026-11-22T19:00:00Z

TEST(Since, TakesAnAgeOrAnIsoTime) {
  const std::pair<const char*, const char*> cases[] = {
      {"90s", "2026-11-22T18:58:30.000Z"},
      {"15m", "2026-11-22T18:45:00.000Z"},
      {"1h", "2026-11-22T18:00:00.000Z"},
      {"2d", "2026-11-20T19:00:00.000Z"},
      {"1w", "2026-11-15T19:00:00.000Z"},
      {"2026-11-22", "2026-11-22T00:00:00.000Z"},
      {"2026-11-22T18:30", "2026-11-22T18:30:00.000Z"},
      {"2026-11-22 18:30:05", "2026-11-22T18:30:05.000Z"},
      {"2026-11-22T18:30:05.25Z", "2026-11-22T18:30:05.250Z"},
      {"2026-11-22T18:30:05+01:00", "2026-11-22T17:30:05.000Z"},
      {"2026-11-22T18:30:05-0530", "2026-11-23T00:00:05.000Z"},
  };
  for (const auto& [text, expected] : cases) {
    const auto since = parse_since(text, now);
    ASSERT_TRUE(since) << text << ": " << since.error().message;
    EXPECT_EQ(format_timestamp_ms(*since), expected) << text;
  }
}

TEST(Since, RefusesWhatIsNoTimeInOneSentence) {
  for (const char* text :
       {"", "1", "h", "-1h", "1.5h", "yesterday", "2026-13-01", "2026-11-22T25:00", "1h30m"}) {
    const auto since = parse_since(text, now);
    ASSERT_FALSE(since) << text;
    EXPECT_NE(since.error().message.find("2026-11-22T19:00:00Z"), std::string::npos);
  }
}

}  // namespace
}  // namespace lambdapool::cli

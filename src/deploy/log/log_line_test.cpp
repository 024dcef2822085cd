#include "deploy/log/log_line.hpp"

#include <gtest/gtest.h>

namespace lambdapool::deploy {
namespace {

const Instant time_of_all{std::chrono::milliseconds{1'795'374'000'123}};

LogLine line(std::string text, std::string stream = "2026/11/22/[$LATEST]0123456789abcdef") {
  return {time_of_all, std::move(stream), std::move(text)};
}

TEST(LogLine, AMessageOfSeveralLinesBecomesAsMany) {
  const auto lines = lines_of(time_of_all, "s", "Traceback:\r  File\n\nend\n");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text, "Traceback:");
  EXPECT_EQ(lines[1].text, "  File");
  EXPECT_EQ(lines[2].text, "end");
}

TEST(RequestLines, AreThoseBetweenStartAndReportOfTheSameStream) {
  RequestLines wanted("r1");
  const std::pair<LogLine, bool> cases[] = {
      {line("printed before", "a"), false},
      {line("START RequestId: r1 Version: $LATEST", "a"), true},
      {line("START RequestId: r2 Version: $LATEST", "b"), false},
      {line("printed by r1", "a"), true},
      {line("printed by r2", "b"), false},
      {line("END RequestId: r1", "a"), true},
      {line("REPORT RequestId: r1\tDuration: 1 ms", "a"), true},
      {line("printed by the next", "a"), false},
      {line("somebody names r1", "b"), true},
  };
  for (const auto& [each, expected] : cases) EXPECT_EQ(wanted.has(each), expected) << each.text;
}

TEST(RequestLines, KnowJsonRecordsToo) {
  RequestLines wanted("r1");
  EXPECT_TRUE(wanted.has(line(R"({"type":"platform.start","record":{"requestId":"r1"}})")));
  EXPECT_TRUE(wanted.has(line(R"({"message":"hello"})")));
  EXPECT_TRUE(wanted.has(line(R"({"type":"platform.report","record":{"requestId":"r1"}})")));
  EXPECT_FALSE(wanted.has(line(R"({"message":"hello"})")));
}

}  // namespace
}  // namespace lambdapool::deploy

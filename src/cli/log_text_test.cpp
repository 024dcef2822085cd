#include "cli/log_text.hpp"

#include <gtest/gtest.h>

namespace lambdapool::cli {
namespace {

const deploy::Instant time_of_all{std::chrono::milliseconds{1'795'374'000'123}};

deploy::LogLine line(std::string text, std::string stream = "2026/11/22/[$LATEST]0123456789abcdef") {
  return {time_of_all, std::move(stream), std::move(text)};
}

constexpr const char* prefix = "2026-11-22T19:00:00.123Z 89abcdef ";

TEST(LogText, ShowsTimeEnvironmentAndText) {
  EXPECT_EQ(readable(line("hello")), std::string(prefix) + "hello");
}

TEST(LogText, PutsReportsIntoWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"REPORT RequestId: r1\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\tMax Memory "
       "Used: "
       "36 MB\tInit Duration: 110.10 ms\t\n",
       "REPORT RequestId: r1 took 3.01 ms and 110.10 ms to start, billed 114.00 ms, used 36 of 128 MB"},
      {"REPORT RequestId: r2\tDuration: 15000.00 ms\tBilled Duration: 15000 ms\tMemory Size: 128 MB\tMax "
       "Memory "
       "Used: 36 MB\tStatus: timeout",
       "REPORT RequestId: r2 TIMED OUT after 15.00 s, billed 15.00 s, used 36 of 128 MB"},
      {"REPORT RequestId: r3\tDuration: 9.00 ms\tBilled Duration: 9 ms\tMemory Size: 128 MB\tMax Memory "
       "Used: 128 "
       "MB\tStatus: error\tError Type: Runtime.OutOfMemory",
       "REPORT RequestId: r3 FAILED (Runtime.OutOfMemory) after 9.00 ms, billed 9.00 ms, used 128 of 128 MB"},
      {R"({"time":"2026-10-08T00:00:00.000Z","type":"platform.report","record":{"requestId":"r4","metrics":)"
       R"({"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":256,"maxMemoryUsedMB":40},"status":"success"}})",
       "REPORT RequestId: r4 took 1.50 ms, billed 2.00 ms, used 40 of 256 MB"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(readable(line(text)), prefix + std::string(expected));
}

TEST(LogText, IsJsonOnOneLineWithTheTextAsItWas) {
  EXPECT_EQ(json(line("a \"b\"", "s")),
            R"({"time":"2026-11-22T19:00:00.123Z","stream":"s","text":"a \"b\""})");
}

}  // namespace
}  // namespace lambdapool::cli

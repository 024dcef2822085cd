#include "report/report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

namespace lambdapool::report {
namespace {

using nlohmann::json;

const Prices prices{.request = 2e-7,
                    .gb_second = 1.66667e-5,
                    .region = "us-east-1</script>",
                    .architecture = "x86_64",
                    .date = "2026-11-28"};

// Two workers' calls, one after the other, the first of each with a cold start; every seventh fails.
Report report_of(std::size_t calls) {
  Ledger ledger;
  const Ledger::Time start{std::chrono::hours(1)};
  for (std::size_t i = 0; i < calls; ++i) {
    const auto begin = start + std::chrono::milliseconds(10 * (i / 2));
    Call call{.job = 1, .first = i};
    if (i % 7 == 6) call.failure = "timed_out";
    call.times = {.queued = start, .sent = begin, .arrived = begin + std::chrono::milliseconds(9)};
    call.times.invocation =
        Invocation{.duration_ms = 7, .billed_ms = 8, .memory_mb = 1024, .max_memory_used_mb = 71};
    if (i < 2) call.times.invocation->init_ms = 1.5;
    ledger.add(call);
  }
  return {std::move(ledger), prices};
}

TEST(Report, CostsWhatItsCallsCost) {
  const double each = 2e-7 + 0.008 * 1.66667e-5;
  EXPECT_NEAR(report_of(10'000).cost(), 10'000 * each, 1e-9);
}

TEST(Report, IsATableOfWhatThereWas) {
  const std::string text = report_of(20).text();
  EXPECT_NE(text.find("Items           20 in 20 calls; calls that failed: 2 timed_out\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("Memory          used at most 71 of 1024 MB\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Cold starts     2: p50 1.5 ms"), std::string::npos) << text;
  EXPECT_EQ(Report({}, prices).text().find("Task"), std::string::npos);
}

TEST(Report, IsJsonWithTheSameFigures) {
  const auto all = json::parse(report_of(20).json());
  EXPECT_EQ(all["items"], 20);
  EXPECT_EQ(all["failed_calls"]["timed_out"], 2);
  EXPECT_EQ(all["init_ms"]["count"], 2);
  EXPECT_EQ(all["slowest"].size(), 10u);
  EXPECT_NEAR(all["cost_usd"].get<double>(), report_of(20).cost(), 1e-12);
}

TEST(Report, ShowsThePriceOfProcessorsOnItsPage) {
  Prices with = prices;
  with.processors_for = [](int) { return 2; };
  with.processor_second = 1e-5;
  Ledger ledger;
  Call call;
  call.times.invocation = Invocation{.duration_ms = 7, .billed_ms = 8, .memory_mb = 1024};
  ledger.add(call);
  EXPECT_NE(
      Report(std::move(ledger), with).html().find(R"("gb_second_usd":3.66667e-05,"with_processors":true)"),
      std::string::npos);
  EXPECT_NE(report_of(1).html().find(R"("gb_second_usd":1.66667e-05,"with_processors":false)"),
            std::string::npos);
}

TEST(Report, IsATraceInWhichNoTwoCallsOfARowOverlap) {
  const auto trace = json::parse(report_of(40).trace());
  std::map<int, double> until;
  std::size_t calls = 0;
  for (const auto& event : trace["traceEvents"]) {
    if (event["ph"] != "X" || !event["name"].get<std::string>().starts_with("item")) continue;
    ++calls;
    const int row = event["tid"];
    EXPECT_GE(event["ts"].get<double>(), until[row]);
    until[row] = event["ts"].get<double>() + event["dur"].get<double>();
  }
  EXPECT_EQ(calls, 40u);
  EXPECT_EQ(until.size(), 2u);
}

TEST(Report, OfATraceAColdStartIsOverWhenItsRunBegins) {
  Ledger ledger;
  const Ledger::Time start{std::chrono::hours(1)};
  Call call;
  call.times = {.queued = start, .sent = start, .arrived = start + std::chrono::milliseconds(10)};
  // Longer than its call had room for: the environment was started before the call came to it.
  call.times.invocation =
      Invocation{.duration_ms = 7, .billed_ms = 7, .memory_mb = 128, .max_memory_used_mb = 71};
  call.times.invocation->init_ms = 500;
  ledger.add(call);
  std::map<std::string, std::pair<int, int>> found;
  const auto trace = json::parse(Report(std::move(ledger), prices).trace());
  for (const auto& event : trace["traceEvents"])
    if (event["ph"] == "X") found[event["name"]] = {event["ts"], event["dur"]};
  EXPECT_EQ(found["item 0"], std::pair(0, 10'000));
  EXPECT_EQ(found["cold start"], std::pair(0, 3'000));
  EXPECT_EQ(found["run"], std::pair(3'000, 7'000));
}

TEST(Report, IsAPageThatNeedsNothingElse) {
  const std::string page = report_of(20).html();
  for (const char* other : {"http:", "https:", "src=", "href=", "@import", "url("})
    EXPECT_EQ(page.find(other), std::string::npos) << other;
  EXPECT_EQ(page.find("us-east-1</script>"), std::string::npos);
  const auto from = page.find("const data = ") + 13;
  const auto data = json::parse(page.substr(from, page.find(";\n", from) - from));
  EXPECT_EQ(data["spans"].size(), 20u * 10);
  EXPECT_EQ(data["prices"]["region"], "us-east-1</script>");
}

TEST(Report, IsSavedAsItsNameSays) {
  const std::string stem = testing::TempDir() + "report-" + std::to_string(::getpid());
  for (const std::string end : {".html", ".json"}) {
    ASSERT_TRUE(report_of(3).save(stem + end));
    EXPECT_GT(std::filesystem::file_size(stem + end), 100u);
    std::filesystem::remove(stem + end);
  }
  EXPECT_EQ(report_of(3).save(stem + ".csv").error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(report_of(3).save("/does/not/exist.html").error().kind, ErrorKind::io);
}

}  // namespace
}  // namespace lambdapool::report

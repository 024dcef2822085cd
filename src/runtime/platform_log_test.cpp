#include "runtime/platform_log.hpp"

#include <gtest/gtest.h>

namespace lambdapool::runtime {
namespace {

struct Written {
  std::string text;
  PlatformLog::Output to() {
    return [this](std::string_view more) { text.append(more); };
  }
};

TEST(PlatformLog, LetsThroughWhatOneTaskWritesAndBeginsItsOwnLinesAnew) {
  Written written;
  PlatformLog log(std::nullopt, written.to());
  log.own_line("START");
  log.write("no end");
  log.own_line("REPORT");
  log.write("more\n");
  log.own_line("START");
  EXPECT_EQ(written.text, "START\nno end\nREPORT\nmore\nSTART\n");
}

TEST(PlatformLog, LabelsEachLineWhereSeveralTasksRun) {
  Written written;
  PlatformLog log(3, written.to());
  log.write("say \"hi\"\nand");
  log.write(" on\n\xff");
  log.own_line("REPORT");
  const std::string label = R"(,"logging.googleapis.com/labels":{"lambdapool_slot":"3"}})";
  EXPECT_EQ(written.text, R"({"message":"say \"hi\"")" + label + "\n" + R"({"message":"and on")" + label +
                              "\n" + R"({"message":"\\xff")" + label + "\n" + R"({"message":"REPORT")" +
                              label + "\n");
}

TEST(PlatformLog, DoesNotKeepALineThatNeverEnds) {
  Written written;
  PlatformLog log(0, written.to());
  log.write(std::string(100'000, 'x'));
  EXPECT_GT(written.text.size(), 100'000u);
}

TEST(ReportLine, IsLambdas) {
  using std::chrono::milliseconds;
  Report report{"id", milliseconds(101), std::nullopt, 512u << 20, 40u << 20, ""};
  EXPECT_EQ(report_line(report),
            "REPORT RequestId: id\tDuration: 101.00 ms\tBilled Duration: 200 ms\tMemory Size: 512 MB\t"
            "Max Memory Used: 40 MB\t");
  report.start = milliseconds(7);
  report.error = "Sandbox.Timedout";
  EXPECT_TRUE(report_line(report).ends_with("Init Duration: 7.00 ms\tStatus: timeout"));
  report.error = "Runtime.OutOfMemory";
  EXPECT_TRUE(report_line(report).ends_with("Status: error\tError Type: Runtime.OutOfMemory"));
  report.error = "LambdapoolCodeMismatch";
  EXPECT_TRUE(report_line(report).ends_with("Init Duration: 7.00 ms\t"));
}

TEST(RequestId, IsTheTracesWhereThereIsOne) {
  const std::string id = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(request_id_of("0123456789ABCDEF0123456789abcdef/123;o=1", ""), id);
  EXPECT_EQ(request_id_of("", "00-" + id + "-0011223344556677-01"), id);
  const auto own = request_id_of("no trace", "00-short");
  EXPECT_EQ(own.size(), 32u);
  EXPECT_NE(own, request_id_of("", ""));
}

}  // namespace
}  // namespace lambdapool::runtime

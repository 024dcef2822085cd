#include "local/worker/fork_report.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lambdapool::local {
namespace {

using Kind = ForkReport::Kind;

TEST(ForkReportTest, SaysWhichWorkerStartedAndHowItEnded) {
  const auto started = read_fork_report(R"({"kind":"started","id":7,"pid":4711})");
  ASSERT_TRUE(started);
  EXPECT_EQ(started->kind, Kind::started);
  EXPECT_EQ(started->id, 7u);
  EXPECT_EQ(started->pid, 4711);
  const auto exited = read_fork_report(R"({"kind":"exited","id":7,"pid":4711,"status":9,"peak_kb":2048})");
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->status, 9);
  EXPECT_EQ(exited->peak_kb, 2048u);
}

TEST(ForkReportTest, WhatIsNoReportIsPassedOver) {
  for (const char* packet : {"", "[]", "{", "null", "{}", R"({"kind":7})", R"({"kind":["ready"]})",
                             R"({"kind":"born","id":1})", "\xff"}) {
    EXPECT_FALSE(read_fork_report(packet)) << packet;
  }
}

TEST(ForkReportTest, MembersOfAnotherTypeOrOutOfRangeCountAsMissing) {
  const auto ready = read_fork_report(R"({"kind":"ready","executable":{},"mounts":"yes"})");
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->executable, "");
  EXPECT_FALSE(ready->mounts);
  const auto exited = read_fork_report(R"({"kind":"exited","id":-1,"status":1e300,"peak_kb":"much"})");
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->id, 0u);
  EXPECT_EQ(exited->status, 0);
  EXPECT_EQ(exited->peak_kb, 0u);
}

TEST(ForkReportTest, AProcessThatSignalsWouldNotReachAloneIsNone) {
  for (const char* pid : {"-1", "0", "1", "99999999999", "\"4711\""}) {
    EXPECT_FALSE(read_fork_report(std::string(R"({"kind":"started","id":7,"pid":)") + pid + "}")) << pid;
  }
}

}  // namespace
}  // namespace lambdapool::local

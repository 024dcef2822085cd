#include "report/ledger.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

using std::chrono::milliseconds;

const Ledger::Time start{std::chrono::hours(1)};

// Sent after `queued`, and back after `away` more.
Call call(std::size_t first, milliseconds queued, milliseconds away,
          std::optional<Invocation> invocation = {}) {
  Call made{.first = first};
  made.times.queued = start;
  made.times.sent = start + queued;
  made.times.arrived = start + queued + away;
  made.times.invocation = invocation;
  return made;
}

TEST(Ledger, TellsQueueingTransferColdStartAndRunApart) {
  Ledger ledger;
  ledger.add(call(0, milliseconds(5), milliseconds(100),
                  Invocation{.duration_ms = 60, .billed_ms = 61, .init_ms = 30, .memory_mb = 256}));
  EXPECT_DOUBLE_EQ(ledger.queue_ms().max(), 5);
  EXPECT_DOUBLE_EQ(ledger.transfer_ms().max(), 10);
  EXPECT_DOUBLE_EQ(ledger.task_ms().max(), 60);
  EXPECT_DOUBLE_EQ(ledger.invocations().cold_starts_ms().max(), 30);
  EXPECT_DOUBLE_EQ(ledger.wall_ms(), 105);
  EXPECT_EQ(ledger.unreported(), 0u);
}

TEST(Ledger, TakesTheTimeAwayWhereThePlatformReportsNone) {
  Ledger ledger;
  ledger.add(call(0, milliseconds(0), milliseconds(40)));
  EXPECT_DOUBLE_EQ(ledger.task_ms().max(), 40);
  EXPECT_EQ(ledger.transfer_ms().count(), 0u);
  EXPECT_EQ(ledger.unreported(), 1u);
}

TEST(Ledger, SharesACallsTimeAmongItsItems) {
  Ledger ledger;
  Call four = call(8, milliseconds(0), milliseconds(50), Invocation{.duration_ms = 40});
  four.count = 4;
  ledger.add(four);
  EXPECT_EQ(ledger.items(), 4u);
  EXPECT_EQ(ledger.task_ms().count(), 4u);
  EXPECT_DOUBLE_EQ(ledger.task_ms().max(), 10);
  ASSERT_EQ(ledger.slowest().size(), 1u);
  EXPECT_EQ(ledger.slowest()[0].first, 8u);
  EXPECT_EQ(ledger.slowest()[0].count, 4u);
}

TEST(Ledger, KnowsTheSlowestTenOfAnyOrder) {
  Ledger ledger;
  for (std::size_t i = 0; i < 1000; ++i)
    ledger.add(call(i, milliseconds(0), milliseconds(1 + (i * 7919) % 1000)));
  const auto slowest = ledger.slowest();
  ASSERT_EQ(slowest.size(), Ledger::slowest_max);
  for (std::size_t i = 0; i < slowest.size(); ++i) {
    EXPECT_DOUBLE_EQ(slowest[i].task_ms, 1000.0 - static_cast<double>(i));
    EXPECT_EQ((slowest[i].first * 7919) % 1000, 999 - i);
  }
}

TEST(Ledger, CountsWhatFailedAndWhatWasSentAgainByReason) {
  Ledger ledger;
  Call lost = call(0, milliseconds(0), milliseconds(1));
  lost.failure = "network";
  lost.times.retries = {.throttled_rate = 2, .throttled_concurrency = 3, .lost = 1};
  lost.times.bytes_sent = 10;
  ledger.add(lost);
  ledger.add(lost);
  EXPECT_EQ(ledger.failed_calls(), 2u);
  EXPECT_EQ(ledger.failures().at("network"), 2u);
  EXPECT_EQ(ledger.retries().throttled_rate, 4u);
  EXPECT_EQ(ledger.retries().throttled_concurrency, 6u);
  EXPECT_EQ(ledger.retries().lost, 2u);
  EXPECT_EQ(ledger.bytes_sent(), 20u);
}

}  // namespace
}  // namespace lambdapool::report

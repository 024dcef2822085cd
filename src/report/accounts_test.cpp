#include "report/accounts.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

Call of_job(std::uint64_t job) { return {.job = job}; }

TEST(Accounts, CountACallForItsJobAndForAll) {
  Accounts accounts;
  const auto first = accounts.open(1), second = accounts.open(2);
  for (const std::uint64_t job : {1, 1, 2, 3}) accounts.add(of_job(job));
  EXPECT_EQ(first->ledger().calls(), 2u);
  EXPECT_EQ(second->ledger().calls(), 1u);
  EXPECT_EQ(accounts.all().ledger().calls(), 4u);
}

TEST(Accounts, CountACallThatJobsShareOnceForAll) {
  Accounts accounts;
  const auto first = accounts.open(1), second = accounts.open(2);
  accounts.add_to_all(of_job(1));
  for (const std::uint64_t job : {1, 2}) accounts.add_to_own(of_job(job));
  EXPECT_EQ(first->ledger().calls(), 1u);
  EXPECT_EQ(second->ledger().calls(), 1u);
  EXPECT_EQ(accounts.all().ledger().calls(), 1u);
}

TEST(Accounts, ForgetJobsThatNobodyHolds) {
  Accounts accounts;
  const auto held = accounts.open(1);
  for (std::uint64_t job = 2; job < 1000; ++job) accounts.open(job);
  for (std::uint64_t job = 1; job < 1000; ++job) accounts.add(of_job(job));
  EXPECT_EQ(held->ledger().calls(), 1u);
  EXPECT_EQ(accounts.all().ledger().calls(), 999u);
}

TEST(Accounts, OfOneCallAreAsThoseOfSeveral) {
  Account account;
  EXPECT_EQ(account.ledger().calls(), 0u);
  EXPECT_EQ(account.sum({}).calls, 0u);
  Call failed = of_job(1);
  failed.failure = "timed_out";
  for (std::size_t calls = 1; calls <= 3; ++calls) {
    account.add(failed);
    EXPECT_EQ(account.ledger().calls(), calls);
    EXPECT_EQ(account.ledger().failures().at("timed_out"), calls);
    EXPECT_EQ(account.ledger().timeline().spans().size(), calls);
    EXPECT_EQ(account.sum({}).failed_calls, calls);
  }
}

TEST(Accounts, SumUpWithoutALedgersCopy) {
  Account account;
  Call failed = of_job(1);
  failed.failure = "timed_out";
  failed.times.invocation = Invocation{.billed_ms = 1000, .memory_mb = 1024};
  account.add(failed);
  account.add(of_job(1));
  const auto sum = account.sum({.request = 1, .gb_second = 2});
  EXPECT_EQ(sum.calls, 2u);
  EXPECT_EQ(sum.failed_calls, 1u);
  EXPECT_DOUBLE_EQ(sum.cost, 3);
}

}  // namespace
}  // namespace lambdapool::report

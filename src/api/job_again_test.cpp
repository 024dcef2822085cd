// Items that are run again: as their user has named, or with more memory.
#include "api/scripted_transport.hpp"

namespace lambdapool::api::testing_jobs {
namespace {

TEST_F(JobTest, RunsAnItemAgainAfterWhatItsUserHasNamed) {
  retry = retry_on<std::out_of_range>();
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->answer(0, {value("A"), thrown(std::make_exception_ptr(std::out_of_range("far"))), value("C")});
  EXPECT_FALSE(ready(*job));
  ASSERT_EQ(transport->later.size(), 1u);
  EXPECT_GE(transport->delays[0], std::chrono::milliseconds(250));
  EXPECT_LE(transport->delays[0], std::chrono::milliseconds(500));
  transport->later[0]();
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("b"));
  transport->answer(1, {value("B")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
  EXPECT_EQ(job->result(1), "B");
  EXPECT_EQ(job->result(2), "C");
}

TEST_F(JobTest, WhatRanOutOfMemoryIsSentAloneToTheNextVariantAndNothingElseIs) {
  rungs = 2;
  const auto job = start({"a", "b"}, 1, OnFailure::stop);
  transport->answer(0, {value("A")});
  for (const std::size_t call : {1u, 2u}) {
    transport->answer(call, fail(ErrorKind::out_of_memory, "too much"));
    EXPECT_FALSE(ready(*job));
    EXPECT_EQ(transport->delays.at(call - 1), std::chrono::milliseconds(0));
    transport->later.at(call - 1)();
    ASSERT_EQ(transport->calls.size(), call + 2);
    EXPECT_THAT(transport->calls[call + 1].items, ElementsAre("b"));
    EXPECT_EQ(transport->calls[call + 1].variant, call);
  }
  transport->answer(3, fail(ErrorKind::out_of_memory, "with the most, too"));
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(1), OutOfMemory);
  EXPECT_EQ(transport->calls[0].variant, 0u);
}

TEST_F(JobTest, TheLastFailureIsTheOutcome) {
  retry = retry_on<std::out_of_range>(1);
  const auto job = start({"a"}, 1, OnFailure::stop);
  transport->answer(0, {thrown(std::make_exception_ptr(std::out_of_range("far")))});
  transport->later.at(0)();
  transport->answer(1, {thrown(std::make_exception_ptr(std::out_of_range("farther")))});
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), std::out_of_range);
  EXPECT_EQ(transport->later.size(), 1u);
}

TEST_F(JobTest, OtherFailuresAreOutcomesAtOnce) {
  retry = retry_on<std::out_of_range>();
  const auto job = start({"a", "b"}, 1, OnFailure::go_on);
  transport->answer(0, {thrown(std::make_exception_ptr(std::domain_error("no")))});
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  ASSERT_TRUE(ready(*job));
  EXPECT_TRUE(transport->later.empty());
}

TEST_F(JobTest, ItemsOfACallThatFailedAsNamedAreRunAgainAlone) {
  retry = retry_on<WorkerDied>(1);
  const auto job = start({"a", "b"}, 2, OnFailure::go_on);
  transport->answer(0, fail(ErrorKind::worker_died, "signal"));
  for (const auto& due : std::exchange(transport->later, {})) due();
  ASSERT_EQ(transport->calls.size(), 3u);
  transport->answer(1, fail(ErrorKind::worker_died, "signal"));
  transport->answer(2, {value("x")});
  ASSERT_TRUE(ready(*job));
  EXPECT_TRUE(transport->later.empty());
  const bool b_first = transport->calls[1].items == std::vector<std::string>{"b"};
  EXPECT_THROW(job->result(b_first ? 1 : 0), WorkerDied);
  EXPECT_EQ(job->result(b_first ? 0 : 1), "x");
}

TEST_F(JobTest, WhatWaitsToRunAgainIsGivenUpWithItsJob) {
  retry = retry_on<std::out_of_range>();
  const auto job = start({"a", "b"}, 1, OnFailure::stop);
  transport->answer(0, {thrown(std::make_exception_ptr(std::out_of_range("far")))});
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), TimedOut);
  transport->later.at(0)();
  EXPECT_EQ(transport->calls.size(), 2u);
}

}  // namespace
}  // namespace lambdapool::api::testing_jobs

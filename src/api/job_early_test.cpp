// Outcomes of a call that come before its answer.
#include "api/scripted_transport.hpp"

namespace lambdapool::api::testing_jobs {
namespace {

TEST_F(JobTest, WhatComesEarlyIsDoneAndIsNotReadASecondTime) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->tell_early(0, 0, {value("A")});
  EXPECT_EQ(job->progress().done, 1u);
  transport->tell_early(0, 1, {value("B")});
  EXPECT_EQ(job->progress().done, 2u);
  EXPECT_FALSE(ready(*job));
  transport->answer(0, {value("other"), value("other"), value("C")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
  EXPECT_EQ(job->result(1), "B");
  EXPECT_EQ(job->result(2), "C");
  EXPECT_EQ(transport->calls.size(), 1u);
}

TEST_F(JobTest, OfAWorkerThatDiesOnlyTheItemsThatMayHaveBegunFail) {
  const auto job = start({"a", "b", "c", "d"}, 4, OnFailure::go_on, 1);
  transport->tell_early(0, 0, {value("A")});
  transport->die(0, 2, "died");
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("c", "d"));
  transport->answer(1, {value("C"), value("D")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
  EXPECT_EQ(job->result(2), "C");
  EXPECT_EQ(job->result(3), "D");
  try {
    job->result(1);
    FAIL();
  } catch (const WorkerDied& error) {
    EXPECT_STREQ(error.what(), "died (item 1)");
  }
}

TEST_F(JobTest, WhatIsNotToldOfADeadWorkerMayAllHaveBegun) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::go_on, 1);
  transport->tell_early(0, 0, {value("A")});
  transport->answer(0, fail(ErrorKind::network, "cut"));
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
  EXPECT_THROW(job->result(1), NetworkError);
  EXPECT_THROW(job->result(2), NetworkError);
  EXPECT_EQ(transport->calls.size(), 1u);
}

TEST_F(JobTest, AMapThatStopsFailsAtTheEndOfTheCallWithItsLog) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->tell_early(0, 0, {thrown(std::make_exception_ptr(std::out_of_range("first")))});
  EXPECT_FALSE(ready(*job));
  EXPECT_EQ(job->progress().failed, 0u);
  transport->answer(0, {value("x"), value("B"), value("C")});
  ASSERT_TRUE(ready(*job));
  try {
    job->result(1);
    FAIL();
  } catch (const Remote<std::out_of_range>& error) {
    EXPECT_STREQ(error.what(), "first");
    EXPECT_EQ(error.logs(), "log of call 0\n");
    EXPECT_EQ(error.item(), 0u);
  }
  EXPECT_EQ(job->progress().failed, 1u);
}

TEST_F(JobTest, AnEarlyFailureOfAMapThatGoesOnIsThatItemsAlone) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::go_on, 1);
  transport->tell_early(0, 0, {thrown(std::make_exception_ptr(std::out_of_range("first"))), value("B")});
  transport->die(0, 3, "died");
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), Remote<std::out_of_range>);
  EXPECT_EQ(job->result(1), "B");
  EXPECT_THROW(job->result(2), WorkerDied);
  EXPECT_EQ(job->progress().failed, 2u);
}

TEST_F(JobTest, AnEarlyFailureIsSentAgainWhereItIsNamed) {
  retry.on = [](const std::exception&) { return true; };
  retry.times = 1;
  const auto job = start({"a", "b"}, 2, OnFailure::stop, 1);
  transport->tell_early(0, 0, {thrown(std::make_exception_ptr(std::out_of_range("first")))});
  transport->answer(0, {value("x"), value("B")});
  ASSERT_EQ(transport->later.size(), 1u);
  transport->later[0]();
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("a"));
  transport->answer(1, {value("A")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
}

TEST_F(JobTest, WhatCameEarlyAndCannotBeReadIsAProtocolError) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->calls[0].ahead->take(
      {0, 2, {"cpp", "aabbcc", runtime::write_outcome(std::vector{value("A")}, {})}});
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), ProtocolError);
}

}  // namespace
}  // namespace lambdapool::api::testing_jobs

#include "api/scripted_transport.hpp"

namespace lambdapool::api::testing_jobs {
namespace {

TEST_F(JobTest, HasAsManyChunksOutAsThereAreWorkersAndSendsMoreAsTheyComeBack) {
  const auto job = start({"a", "b", "c", "d", "e"}, 2, OnFailure::stop);
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("c", "d"));
  transport->answer(1, {value("C"), value("D")});
  ASSERT_EQ(transport->calls.size(), 3u);
  transport->answer(2, {value("E")});
  EXPECT_FALSE(ready(*job));
  transport->answer(0, {value("A"), value("B")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
  EXPECT_EQ(job->result(4), "E");
}

TEST_F(JobTest, SendsAgainWhatAWorkerNeverStarted) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->answer(0, {value("A")});
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("b", "c"));
  transport->answer(1, {value("B"), value("C")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(2), "C");
}

TEST_F(JobTest, StopsAtTheFirstFailure) {
  const auto job = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->cancellable = false;  // the other is in flight
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), TimedOut);
  transport->answer(0, {value("A")});
  EXPECT_EQ(transport->calls.size(), 2u);
}

TEST_F(JobTest, WithdrawsWhatWaitsInTheEngineWhenItFails) {
  const auto job = start({"a", "b", "c", "d"}, 1, OnFailure::stop, 3);
  transport->answer(0, fail(ErrorKind::out_of_memory, "too much"));
  ASSERT_TRUE(ready(*job));
  for (const std::size_t waiting : {1u, 2u}) EXPECT_FALSE(transport->calls[waiting].done) << waiting;
  EXPECT_THROW(job->result(3), OutOfMemory);
  EXPECT_EQ(transport->calls.size(), 3u);
}

TEST_F(JobTest, AFailureNamesTheItemOrThoseThatSharedItsCall) {
  auto job = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  try {
    job->result(0);
    FAIL();
  } catch (const TimedOut& error) {
    EXPECT_STREQ(error.what(), "too slow (item 1)");
    EXPECT_EQ(error.item(), 1u);
  }
  job = start({"a", "b", "c", "d", "e"}, 2, OnFailure::stop);
  transport->answer(1, fail(ErrorKind::worker_died, "died"));
  try {
    job->result(0);
    FAIL();
  } catch (const WorkerDied& error) {
    EXPECT_STREQ(error.what(), "died (one of the items 2 to 3, which shared a call)");
    EXPECT_EQ(error.item(), 2u);
  }
  job = start({"a"}, 1, OnFailure::stop);
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  try {
    job->result(0);
    FAIL();
  } catch (const WorkerDied& error) {
    EXPECT_STREQ(error.what(), "died");
    EXPECT_FALSE(error.item());
  }
}

TEST_F(JobTest, AnExceptionOfAFunctionNamesItsItemWithinAChunk) {
  const auto job = start({"a", "b", "c"}, 3, OnFailure::stop);
  const auto thrown = runtime::describe_exception(std::make_exception_ptr(std::out_of_range("far")));
  transport->answer(0, {value("A"), value("B"), {Status::exception, thrown}});
  try {
    job->result(0);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.item(), 2u);
    EXPECT_EQ(error.remote_what(), "far");
  }
}

TEST_F(JobTest, GoesOnWhereFailureIsData) {
  const auto job = start({"a", "b"}, 1, OnFailure::go_on);
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  transport->answer(1, {value("B")});
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), WorkerDied);
  EXPECT_EQ(job->result(1), "B");
}

TEST_F(JobTest, StopsWhereEveryCallWouldFailInTheSameWayAlsoWhereFailureIsData) {
  const auto job = start({"a", "b", "c", "d", "e"}, 1, OnFailure::go_on);
  transport->answer(1, fail(ErrorKind::not_found, "there is no function f"));
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(transport->calls.size(), 2u);
  const auto said = [&](std::size_t item) -> std::string {
    try {
      job->result(item);
      return "";
    } catch (const NotFound& error) {
      return error.what();
    }
  };
  EXPECT_EQ(said(1), "there is no function f (item 1)");
  for (const std::size_t unsent : {0u, 2u, 4u})
    EXPECT_EQ(said(unsent), "there is no function f (as item 1 failed; this one was not sent)");
}

TEST_F(JobTest, WaitsForWhatIsUnderWayWhereFailureIsData) {
  const auto job = start({"a", "b", "c"}, 1, OnFailure::go_on);
  transport->cancellable = false;
  transport->answer(1, fail(ErrorKind::not_found, "there is no function f"));
  EXPECT_FALSE(ready(*job));
  transport->answer(0, {value("A")});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(job->result(0), "A");
}

TEST_F(JobTest, JobsAreServedInTheOrderInWhichTheyCame) {
  const auto first = start({"a", "b", "c"}, 1, OnFailure::stop);
  const auto second = dispatcher->start(runtime::write_head({.name = "task", .state = ""}), {"x"}, {1});
  transport->answer(0, {value("A")});
  EXPECT_THAT(transport->calls[2].items, ElementsAre("c"));
  transport->answer(1, {value("B")});
  EXPECT_THAT(transport->calls[3].items, ElementsAre("x"));
  EXPECT_TRUE(second->cancel());
}

TEST_F(JobTest, CancelsASingleCallThatWaitsBehindOthers) {
  const auto map = start({"a", "b", "c"}, 1, OnFailure::stop);
  const auto call = dispatcher->start(runtime::write_head({.name = "task", .state = ""}), {"x"}, {1});
  transport->cancellable = false;
  EXPECT_TRUE(call->cancel());
  EXPECT_THROW(call->result(0), Cancelled);
}

TEST_F(JobTest, SurvivesManyRefusalsFromWithinSubmit) {
  transport = std::make_shared<ScriptedTransport>(2);
  transport->refusal = Error{ErrorKind::payload_too_large, "too large"};
  const std::size_t count = 20'000;
  dispatcher = std::make_shared<Dispatcher>(transport);
  const auto job = dispatcher->start(runtime::write_head({.name = "task", .state = ""}),
                                     std::vector<std::string>(count, "x"), {1, OnFailure::go_on});
  ASSERT_TRUE(ready(*job));
  EXPECT_EQ(transport->refused, static_cast<int>(count));
  EXPECT_THROW(job->result(count - 1), PayloadTooLarge);
}

TEST_F(JobTest, CancelsASingleCallOnlyBeforeItIsSent) {
  const auto job = start({"a"}, 1, OnFailure::stop);
  transport->cancellable = false;
  EXPECT_FALSE(job->cancel());
  transport->cancellable = true;
  EXPECT_TRUE(job->cancel());
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), Cancelled);
  EXPECT_FALSE(job->cancel());
}

TEST_F(JobTest, CancelsAMapThatIsUnderWay) {
  const auto job = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->answer(0, {value("A")});
  EXPECT_TRUE(job->cancel());
  ASSERT_TRUE(ready(*job));
  EXPECT_THROW(job->result(0), Cancelled);
  EXPECT_EQ(transport->calls.size(), 3u);
}

TEST_F(JobTest, HasTheLogsOfItsCallsInTheOrderOfSendingAlsoWithoutItsResults) {
  const auto job = start({"a", "b"}, 1, OnFailure::go_on);
  EXPECT_EQ(job->logs(), "");
  transport->answer(1, {value("B")});
  EXPECT_EQ(job->logs(), "log of call 1\n");
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  EXPECT_EQ(job->logs(), "log of call 1\n");  // this error brought none
  job->forget_results();
  EXPECT_EQ(job->logs(), "log of call 1\n");
}

TEST_F(JobTest, AnExceptionOfAnItemHasTheLogOfTheCallThatCarriedIt) {
  const auto job = start({"a", "b"}, 1, OnFailure::go_on);
  const auto thrown = runtime::describe_exception(std::make_exception_ptr(std::out_of_range("far")));
  transport->answer(0, {value("A")});
  transport->answer(1, {{Status::exception, thrown}});
  try {
    job->result(1);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.logs(), "log of call 1\n");
  }
}

TEST_F(JobTest, IsReadyAtOnceWithoutItems) {
  EXPECT_TRUE(ready(*start({}, 0, OnFailure::stop)));
  EXPECT_TRUE(transport->calls.empty());
}

TEST_F(JobTest, PutsNoMoreThanAMebibyteOfArgumentsIntoAnInvocation) {
  start(std::vector<std::string>(4, std::string(600'000, 'x')), 4, OnFailure::stop);
  EXPECT_EQ(transport->calls[0].items.size(), 1u);
}

TEST_F(JobTest, DoesNotReadWhatAnotherProgramHasMade) {
  for (const char* peer : {"", "ddeeff", "9.9"}) {
    const auto job = start({"a"}, 1, OnFailure::stop);
    transport->answer(0, envelope::encode(envelope::Direction::outcome, {"cpp", peer},
                                          runtime::write_outcome(std::vector{value("A")}, {})));
    try {
      job->result(0);
      ADD_FAILURE() << peer;
    } catch (const ProtocolError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("its peer is \"" + std::string(peer) + "\""));
    }
  }
}

TEST_F(JobTest, TakesNonsenseForAProtocolError) {
  for (const std::string& payload :
       {std::string("null"), envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"}, "\x01rubbish"),
        envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"},
                         runtime::write_outcome(std::vector{value("a"), value("b"), value("c")}, {}))}) {
    for (const auto& items : {std::vector<std::string>{"a"}, std::vector<std::string>{"a", "b"}}) {
      const auto job = start(items, 2, OnFailure::stop);
      transport->answer(0, payload);
      try {
        job->result(0);
        ADD_FAILURE() << payload;
      } catch (const ProtocolError& error) {
        EXPECT_EQ(error.request_id(), "request-0");
        EXPECT_THAT(error.what(), testing::HasSubstr("; the function may have run (request id request-0)"));
        EXPECT_EQ(error.logs(), "log of call 0\n");
      }
    }
  }
}

}  // namespace
}  // namespace lambdapool::api::testing_jobs

#include "api/batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "lambdapool/codec.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"

namespace lambdapool::api {
namespace {

using detail::OnFailure;
using runtime::ItemOutcome;
using runtime::Status;
using testing::ElementsAre;

// Keeps what is sent until a test answers it.
class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::size_t workers) : workers_(workers) {}

  Id submit(std::string_view head, std::string_view items, Done done) override {
    if (refusal) {
      ++refused;
      done(tl::unexpected<Error>(*refusal));
      return 0;
    }
    const std::string body = std::string(head) + std::string(items);
    std::vector<std::string> sent;
    for (std::string_view item : runtime::read_task(body).items) sent.emplace_back(item);
    calls.push_back({std::move(sent), std::move(done)});
    return calls.size();
  }
  bool cancel(Id id) override {
    if (!cancellable) return false;
    answer(id - 1, fail(ErrorKind::cancelled, "cancelled"));
    return true;
  }
  std::size_t workers() const override { return workers_; }
  const std::string& peer() const override { return peer_; }

  void answer(std::size_t call, Result<std::string> payload) {
    std::exchange(calls[call].done, nullptr)(std::move(payload).map([&](std::string&& bytes) {
      const std::string number = std::to_string(call);
      return Reply{std::move(bytes), base64_encode("log of call " + number + "\n"), "request-" + number};
    }));
  }
  void answer(std::size_t call, const std::vector<ItemOutcome>& items) {
    answer(call, envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"},
                                  runtime::write_outcome(items, {})));
  }

  struct Call {
    std::vector<std::string> items;
    Done done;
  };
  std::vector<Call> calls;
  std::optional<Error> refusal;
  int refused = 0;
  bool cancellable = true;

 private:
  std::size_t workers_;
  std::string peer_ = "aabbcc";
};

struct BatchTest : testing::Test {
  // A call that no test has answered holds its batch, which holds the transport.
  ~BatchTest() override {
    if (transport) transport->calls.clear();
  }
  std::shared_ptr<ItemBatch> start(std::vector<std::string> items, std::size_t chunksize,
                                   OnFailure on_failure, std::size_t workers = 2) {
    transport = std::make_shared<ScriptedTransport>(workers);
    auto batch = std::make_shared<ItemBatch>(transport, runtime::write_head({.name = "task", .state = ""}),
                                             std::move(items), chunksize, on_failure);
    batch->send();
    return batch;
  }
  static bool ready(ItemBatch& batch) { return batch.wait_until({}); }

  std::shared_ptr<ScriptedTransport> transport;
};

ItemOutcome value(const std::string& text) { return {Status::value, text}; }

TEST_F(BatchTest, HasAsManyChunksOutAsThereAreWorkersAndSendsMoreAsTheyComeBack) {
  const auto batch = start({"a", "b", "c", "d", "e"}, 2, OnFailure::stop);
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("c", "d"));
  transport->answer(1, {value("C"), value("D")});
  ASSERT_EQ(transport->calls.size(), 3u);
  transport->answer(2, {value("E")});
  EXPECT_FALSE(ready(*batch));
  transport->answer(0, {value("A"), value("B")});
  ASSERT_TRUE(ready(*batch));
  EXPECT_EQ(batch->result(0), "A");
  EXPECT_EQ(batch->result(4), "E");
}

TEST_F(BatchTest, SendsAgainWhatAWorkerNeverStarted) {
  const auto batch = start({"a", "b", "c"}, 3, OnFailure::stop);
  transport->answer(0, {value("A")});
  ASSERT_EQ(transport->calls.size(), 2u);
  EXPECT_THAT(transport->calls[1].items, ElementsAre("b", "c"));
  transport->answer(1, {value("B"), value("C")});
  ASSERT_TRUE(ready(*batch));
  EXPECT_EQ(batch->result(2), "C");
}

TEST_F(BatchTest, StopsAtTheFirstFailure) {
  const auto batch = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->cancellable = false;  // the other is in flight
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  ASSERT_TRUE(ready(*batch));
  EXPECT_THROW(batch->result(0), TimedOut);
  transport->answer(0, {value("A")});
  EXPECT_EQ(transport->calls.size(), 2u);
}

TEST_F(BatchTest, WithdrawsWhatWaitsInTheEngineWhenItFails) {
  const auto batch = start({"a", "b", "c", "d"}, 1, OnFailure::stop, 3);
  transport->answer(0, fail(ErrorKind::out_of_memory, "too much"));
  ASSERT_TRUE(ready(*batch));
  for (const std::size_t waiting : {1u, 2u}) EXPECT_FALSE(transport->calls[waiting].done) << waiting;
  EXPECT_THROW(batch->result(3), OutOfMemory);
  EXPECT_EQ(transport->calls.size(), 3u);
}

TEST_F(BatchTest, AFailureNamesTheItemOrThoseThatSharedItsCall) {
  auto batch = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->answer(1, fail(ErrorKind::timed_out, "too slow"));
  try {
    batch->result(0);
    FAIL();
  } catch (const TimedOut& error) {
    EXPECT_STREQ(error.what(), "too slow (item 1)");
    EXPECT_EQ(error.item(), 1u);
  }
  batch = start({"a", "b", "c", "d", "e"}, 2, OnFailure::stop);
  transport->answer(1, fail(ErrorKind::worker_died, "died"));
  try {
    batch->result(0);
    FAIL();
  } catch (const WorkerDied& error) {
    EXPECT_STREQ(error.what(), "died (one of the items 2 to 3, which shared a call)");
    EXPECT_EQ(error.item(), 2u);
  }
  batch = start({"a"}, 1, OnFailure::stop);
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  try {
    batch->result(0);
    FAIL();
  } catch (const WorkerDied& error) {
    EXPECT_STREQ(error.what(), "died");
    EXPECT_FALSE(error.item());
  }
}

TEST_F(BatchTest, AnExceptionOfAFunctionNamesItsItemWithinAChunk) {
  const auto batch = start({"a", "b", "c"}, 3, OnFailure::stop);
  const auto thrown = runtime::describe_exception(std::make_exception_ptr(std::out_of_range("far")));
  transport->answer(0, {value("A"), value("B"), {Status::exception, thrown}});
  try {
    batch->result(0);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.item(), 2u);
    EXPECT_EQ(error.remote_what(), "far");
  }
}

TEST_F(BatchTest, GoesOnWhereFailureIsData) {
  const auto batch = start({"a", "b"}, 1, OnFailure::go_on);
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  transport->answer(1, {value("B")});
  ASSERT_TRUE(ready(*batch));
  EXPECT_THROW(batch->result(0), WorkerDied);
  EXPECT_EQ(batch->result(1), "B");
}

TEST_F(BatchTest, SurvivesManyRefusalsFromWithinSubmit) {
  transport = std::make_shared<ScriptedTransport>(2);
  transport->refusal = Error{ErrorKind::payload_too_large, "too large"};
  const std::size_t count = 20'000;
  auto batch = std::make_shared<ItemBatch>(transport, runtime::write_head({.name = "task", .state = ""}),
                                           std::vector<std::string>(count, "x"), 1, OnFailure::go_on);
  batch->send();
  ASSERT_TRUE(ready(*batch));
  EXPECT_EQ(transport->refused, static_cast<int>(count));
  EXPECT_THROW(batch->result(count - 1), PayloadTooLarge);
}

TEST_F(BatchTest, CancelsASingleCallOnlyBeforeItIsSent) {
  const auto batch = start({"a"}, 1, OnFailure::stop);
  transport->cancellable = false;
  EXPECT_FALSE(batch->cancel());
  transport->cancellable = true;
  EXPECT_TRUE(batch->cancel());
  ASSERT_TRUE(ready(*batch));
  EXPECT_THROW(batch->result(0), Cancelled);
  EXPECT_FALSE(batch->cancel());
}

TEST_F(BatchTest, CancelsAMapThatIsUnderWay) {
  const auto batch = start({"a", "b", "c", "d"}, 1, OnFailure::stop);
  transport->answer(0, {value("A")});
  EXPECT_TRUE(batch->cancel());
  ASSERT_TRUE(ready(*batch));
  EXPECT_THROW(batch->result(0), Cancelled);
  EXPECT_EQ(transport->calls.size(), 3u);
}

TEST_F(BatchTest, HasTheLogsOfItsCallsInTheOrderOfSendingAlsoWithoutItsResults) {
  const auto batch = start({"a", "b"}, 1, OnFailure::go_on);
  EXPECT_EQ(batch->logs(), "");
  transport->answer(1, {value("B")});
  EXPECT_EQ(batch->logs(), "log of call 1\n");
  transport->answer(0, fail(ErrorKind::worker_died, "died"));
  EXPECT_EQ(batch->logs(), "log of call 1\n");  // this error brought none
  batch->forget_results();
  EXPECT_EQ(batch->logs(), "log of call 1\n");
}

TEST_F(BatchTest, AnExceptionOfAnItemHasTheLogOfTheCallThatCarriedIt) {
  const auto batch = start({"a", "b"}, 1, OnFailure::go_on);
  const auto thrown = runtime::describe_exception(std::make_exception_ptr(std::out_of_range("far")));
  transport->answer(0, {value("A")});
  transport->answer(1, {{Status::exception, thrown}});
  try {
    batch->result(1);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.logs(), "log of call 1\n");
  }
}

TEST_F(BatchTest, IsReadyAtOnceWithoutItems) {
  EXPECT_TRUE(ready(*start({}, 0, OnFailure::stop)));
  EXPECT_TRUE(transport->calls.empty());
}

TEST_F(BatchTest, PutsNoMoreThanAMebibyteOfArgumentsIntoAnInvocation) {
  start(std::vector<std::string>(4, std::string(600'000, 'x')), 4, OnFailure::stop);
  EXPECT_EQ(transport->calls[0].items.size(), 1u);
}

TEST_F(BatchTest, DoesNotReadWhatAnotherProgramHasMade) {
  for (const char* peer : {"", "ddeeff", "9.9"}) {
    const auto batch = start({"a"}, 1, OnFailure::stop);
    transport->answer(0, envelope::encode(envelope::Direction::outcome, {"cpp", peer},
                                          runtime::write_outcome({value("A")}, {})));
    try {
      batch->result(0);
      ADD_FAILURE() << peer;
    } catch (const ProtocolError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("its peer is \"" + std::string(peer) + "\""));
    }
  }
}

TEST_F(BatchTest, TakesNonsenseForAProtocolError) {
  for (const std::string& payload :
       {std::string("null"), envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"}, "\x01rubbish"),
        envelope::encode(envelope::Direction::outcome, {"cpp", "aabbcc"},
                         runtime::write_outcome({value("a"), value("b"), value("c")}, {}))}) {
    for (const auto& items : {std::vector<std::string>{"a"}, std::vector<std::string>{"a", "b"}}) {
      const auto batch = start(items, 2, OnFailure::stop);
      transport->answer(0, payload);
      try {
        batch->result(0);
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
}  // namespace lambdapool::api

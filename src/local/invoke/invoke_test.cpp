// Invoke, as an SDK sees it.
#include <future>
#include <latch>
#include <stdexcept>

#include "core/limits.hpp"
#include "local/control/control_plane_fixture.hpp"
#include "local/invoke/concurrency_gate.hpp"
#include "local/store/log_reader.hpp"

namespace lambdapool::local {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class InvokeTest : public ControlPlaneTest {
 protected:
  void SetUp() override { service->create_active("f"); }
};

TEST_F(InvokeTest, TheFunctionsAnswerComesBackWithTheVersionThatRan) {
  const auto answer = service->invoke("f", R"({"n": 1})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"n": 1})");
  EXPECT_EQ(answer.headers.get("x-amz-executed-version"), "$LATEST");
  EXPECT_EQ(answer.headers.get("content-type"), "application/json");
  EXPECT_EQ(answer.headers.find("x-amz-function-error"), nullptr);
  EXPECT_EQ(answer.headers.find("x-amz-log-result"), nullptr);
  const auto seen = service->workers.wait_for_call(1);
  EXPECT_EQ(seen.invocation.request_id, answer.headers.get("x-amzn-requestid"));
  EXPECT_EQ(seen.invocation.invoked_arn, "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_TRUE(std::filesystem::exists(seen.function->code / "handler.py"));
}

TEST_F(InvokeTest, AnEmptyBodyIsAnEmptyObject) { EXPECT_EQ(service->invoke("f", "").body, "{}"); }

TEST_F(InvokeTest, AnyContentTypeWillDo) {
  EXPECT_EQ(service->invoke("f", "1", {{"content-type", "application/octet-stream"}}).status, 200);
}

TEST_F(InvokeTest, AFunctionErrorIs200WithItsHeader) {
  service->workers.answer([](const FunctionVersion&, const Invocation&) {
    return InvocationResult{R"({"errorType":"E"})", true, "log"};
  });
  const auto answer = service->invoke("f");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("x-amz-function-error"), "Unhandled");
}

TEST_F(InvokeTest, TheLogsLastFourKilobytesComeOnRequest) {
  service->workers.answer([](const FunctionVersion&, const Invocation&) {
    return InvocationResult{"1", false, "first" + std::string(4095, '.') + "!"};
  });
  const auto answer = service->invoke("f", "1", {{"x-amz-log-type", "Tail"}});
  EXPECT_EQ(base64_decode(answer.headers.get("x-amz-log-result")), std::string(4095, '.') + "!");
}

TEST_F(InvokeTest, TheClientContextArrivesDecoded) {
  service->invoke("f", "1", {{"x-amz-client-context", base64_encode(R"({"custom":{}})")}});
  EXPECT_EQ(service->workers.wait_for_call(1).invocation.client_context, R"({"custom":{}})");
  EXPECT_EQ(service->invoke("f", "1", {{"x-amz-client-context", "%%%"}}).status, 400);
}

TEST_F(InvokeTest, APayloadThatIsNotJsonIsRefused) {
  for (const char* type : {"RequestResponse", "Event"}) {
    const auto answer = service->invoke("f", "hello", {{"x-amz-invocation-type", type}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(type_of(answer), "InvalidRequestContentException");
    EXPECT_THAT(
        message_of(answer),
        testing::StartsWith("Could not parse request body into json: Could not parse payload into json: "));
  }
}

std::string json_text(std::int64_t bytes) {
  return "\"" + std::string(static_cast<std::size_t>(bytes - 2), 'x') + "\"";
}

TEST_F(InvokeTest, PayloadLimitsHoldToTheByte) {
  EXPECT_EQ(service->invoke("f", json_text(limits::request_payload_bytes_max)).status, 200);
  const auto over = service->invoke("f", json_text(limits::request_payload_bytes_max + 1));
  EXPECT_EQ(over.status, 413);
  EXPECT_EQ(type_of(over), "RequestEntityTooLargeException");
  EXPECT_EQ(message_of(over), "Request must be smaller than 6291456 bytes for the InvokeFunction operation");
  const http::Headers event{{"x-amz-invocation-type", "Event"}};
  EXPECT_EQ(service->invoke("f", json_text(limits::event_payload_bytes_max), event).status, 202);
  const auto over_event = service->invoke("f", json_text(limits::event_payload_bytes_max + 1), event);
  EXPECT_EQ(over_event.status, 413);
  EXPECT_THAT(message_of(over_event),
              HasSubstr("1048577 byte payload is too large for the Event invocation type"));
}

TEST_F(InvokeTest, ADryRunRunsNothing) {
  const auto answer = service->invoke("f", "1", {{"x-amz-invocation-type", "DryRun"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  service->invoke("f", "2");
  EXPECT_EQ(service->workers.wait_for_call(1).invocation.payload, "2");
}

TEST_F(InvokeTest, AnEventIsAnsweredAtOnceAndReallyRuns) {
  service->workers.answer(nullptr);
  const auto answer = service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.headers.find("x-amz-executed-version"), nullptr);
  EXPECT_EQ(service->workers.wait_for_call(1).invocation.payload, "1");
}

TEST_F(InvokeTest, AnExceptionIsTheAnswerOfTheCallThatItEndsAndOfNoOther) {
  service->call("PUT", "/2017-10-31/functions/f/concurrency", json{{"ReservedConcurrentExecutions", 1}});
  service->workers.answer([](const auto&, const auto&) -> InvocationResult {
    throw std::runtime_error("no thread could be started");
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = service->invoke("f");
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(json_of(answer)["Message"], "The local Lambda has failed: no thread could be started");
  }
  service->workers.answer(FakeWorkers::echo);
  EXPECT_EQ(service->invoke("f").status, 200);
}

TEST_F(InvokeTest, ACallWhoseEndIsLostIsAnsweredAndGivesItsPlaceBack) {
  service->call("PUT", "/2017-10-31/functions/f/concurrency", json{{"ReservedConcurrentExecutions", 1}});
  service->workers.answer({});
  auto lost = std::async(std::launch::async, [&] { return service->invoke("f"); });
  service->workers.wait_for_call(1);
  service->workers.drop_one(service->loop());
  const auto answer = lost.get();
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("The local Lambda has failed: the invocation was dropped"));
  service->workers.answer(FakeWorkers::echo);
  EXPECT_EQ(service->invoke("f").status, 200);
}

TEST_F(InvokeTest, BeyondReservedConcurrencyCallsAreThrottledWithTheReason) {
  service->call("PUT", "/2017-10-31/functions/f/concurrency", json{{"ReservedConcurrentExecutions", 1}});
  service->workers.answer(nullptr);
  std::latch first_done(1);
  service->client().send(Served::sign({"POST", "/2015-03-31/functions/f/invocations", {}, "1"},
                                      Served::identity(), service->host()),
                         patience, [&](http::Answer answer) {
                           EXPECT_EQ(answer->status, 200);
                           first_done.count_down();
                         });
  service->workers.wait_for_call(1);
  const auto second = service->invoke("f");
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(type_of(second), "TooManyRequestsException");
  EXPECT_EQ(message_of(second), "Rate Exceeded.");
  EXPECT_EQ(json_of(second)["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
  EXPECT_NE(second.headers.find("retry-after"), nullptr);
  service->workers.release_one(service->loop());
  first_done.wait();
  service->workers.answer(FakeWorkers::echo);
  EXPECT_EQ(service->invoke("f").status, 200);
}

TEST_F(InvokeTest, ThrottledEventsWaitTheirTurn) {
  service->call("PUT", "/2017-10-31/functions/f/concurrency", json{{"ReservedConcurrentExecutions", 1}});
  service->workers.answer(nullptr);
  const http::Headers event{{"x-amz-invocation-type", "Event"}};
  for (const char* payload : {"1", "2", "3"}) EXPECT_EQ(service->invoke("f", payload, event).status, 202);
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(service->workers.wait_for_call(i).invocation.payload, std::to_string(i));
    service->workers.release_one(service->loop());
  }
}

TEST_F(InvokeTest, AFailedEventIsTriedTwiceMore) {
  service = nullptr;
  service = std::make_unique<Served>(home, [](ControlPlaneOptions& options) {
    options.events.retry_delays = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  });
  service->workers.answer([](const FunctionVersion&, const Invocation&) {
    return InvocationResult{"{}", true, ""};
  });
  service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  const auto first = service->workers.wait_for_call(1).invocation;
  EXPECT_EQ(service->workers.wait_for_call(3).invocation.request_id, first.request_id);
}

TEST_F(InvokeTest, AFunctionsOwnNumberOfRetriesCountsAndThenItsFailureIsSentOn) {
  service = nullptr;
  service = std::make_unique<Served>(home, [](ControlPlaneOptions& options) {
    options.events.retry_delays = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  });
  service->create_active("told");
  service->workers.answer([](const FunctionVersion& function, const Invocation&) {
    return InvocationResult{"{}", function.name == "f", ""};
  });
  const nlohmann::json config{
      {"MaximumRetryAttempts", 1},
      {"DestinationConfig",
       {{"OnFailure", {{"Destination", "arn:aws:lambda:us-east-1:000000000000:function:told"}}}}}};
  ASSERT_EQ(service->call("PUT", "/2019-09-25/functions/f/event-invoke-config", config).status, 200);
  service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  EXPECT_EQ(service->workers.wait_for_call(2).function->name, "f");
  const auto sent = service->workers.wait_for_call(3);
  EXPECT_EQ(sent.function->name, "told");
  const auto record = nlohmann::json::parse(sent.invocation.payload);
  EXPECT_EQ(record["requestContext"]["condition"], "RetriesExhausted");
  EXPECT_EQ(record["requestContext"]["approximateInvokeCount"], 2);
}

TEST_F(InvokeTest, AnEventThatHasGrownTooOldIsNotRunAnyMore) {
  std::atomic<int> seconds{0};
  service = nullptr;
  service = std::make_unique<Served>(home, [&](ControlPlaneOptions& options) {
    options.events.retry_delays = {std::chrono::milliseconds(1)};
    options.events.clock = [&] {
      return std::chrono::steady_clock::time_point(std::chrono::seconds(seconds.load()));
    };
  });
  service->create_active("told");
  service->workers.answer([&](const FunctionVersion& function, const Invocation&) {
    seconds = 61;
    return InvocationResult{"{}", function.name == "f", ""};
  });
  const nlohmann::json config{
      {"MaximumEventAgeInSeconds", 60},
      {"DestinationConfig",
       {{"OnFailure", {{"Destination", "arn:aws:lambda:us-east-1:000000000000:function:told"}}}}}};
  ASSERT_EQ(service->call("PUT", "/2019-09-25/functions/f/event-invoke-config", config).status, 200);
  service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  const auto sent = service->workers.wait_for_call(2);
  EXPECT_EQ(sent.function->name, "told");
  EXPECT_EQ(nlohmann::json::parse(sent.invocation.payload)["requestContext"]["condition"],
            "EventAgeExceeded");
  service.reset();  // before the clock that it looks at
}

TEST_F(InvokeTest, WhatAFunctionWritesCanBeReadWhileItRuns) {
  service->workers.answer(nullptr);
  service->invoke("f", "1", {{"x-amz-invocation-type", "Event"}});
  const auto function = service->workers.wait_for_call(1).function;
  service->loop().post([&] { service->workers.log(*function, "START\nsaid", 5); });
  while (read_log(home, "f", 0).size() < 2) std::this_thread::yield();
  service->workers.release_one(service->loop());
}

TEST_F(InvokeTest, OfMoreThanCanBeWrittenTheLogHasTheEndAndSaysSo) {
  const std::string line(999, 'x');
  service->workers.answer([&](const FunctionVersion& function, const Invocation& invocation) {
    std::string lines;
    for (int i = 0; i < 3000; ++i) lines += line + "\n";
    service->workers.log(function, lines + "last", 5);
    return FakeWorkers::echo(function, invocation);
  });
  service->invoke("f");
  service.reset();
  const auto events = read_log(home, "f", 0);
  ASSERT_GT(events.size(), 1000u);
  EXPECT_LT(events.size(), 1100u);
  EXPECT_THAT(events.front().text,
              testing::MatchesRegex(".lambdapool: [0-9]+ earlier bytes of output left out."));
  EXPECT_EQ(events[1].text, line);
  EXPECT_EQ(events.back().text, "last");
}

TEST_F(InvokeTest, WhatFunctionsWroteCanBeReadAfterwards) {
  service->workers.answer([this](const FunctionVersion& function, const Invocation& invocation) {
    service->workers.log(function, "START\nsaid\n", 5);
    service->workers.log(function, "more", 6);
    return FakeWorkers::echo(function, invocation);
  });
  service->invoke("f");
  service.reset();
  const auto events = read_log(home, "f", 0);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].text, "said");
  EXPECT_EQ(events[1].time_ms, 5);
  EXPECT_EQ(events[1].stream, "2026-11-22-[$LATEST]ab");
  EXPECT_EQ(events[2].text, "more");
  EXPECT_TRUE(read_log(home, "f", 7).empty());
}

TEST(ConcurrencyGate, OneTakesThePlaceOfAnotherWhereThereIsNoOther) {
  ConcurrencyGate gate(10);
  using Verdict = ConcurrencyGate::Verdict;
  ASSERT_EQ(gate.enter("f", 1, 1), Verdict::admitted);
  gate.succeed("f", 1);
  gate.leave("f");
  EXPECT_EQ(gate.enter("f", 1, 1), Verdict::function_limit);
  gate.leave("f");
  EXPECT_EQ(gate.enter("f", 1, 1), Verdict::admitted);
}

}  // namespace
}  // namespace lambdapool::local

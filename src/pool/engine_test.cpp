// The engine against a stub service: what is sent, what is sent again, and what is not.
#include "pool/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <map>
#include <mutex>

#include "aws/lambda/invoke.hpp"
#include "core/limits.hpp"
#include "http/server.hpp"

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

http::Response throttle() {
  return {429,
          {{"x-amzn-errortype", "TooManyRequestsException"}, {"Content-Type", "application/json"}},
          R"({"Type":"User","message":"Rate Exceeded.","Reason":"ConcurrentInvocationLimitExceeded"})"};
}

http::Response answer(std::string body) { return {200, {{"x-amzn-RequestId", "id"}}, std::move(body)}; }

class EngineTest : public testing::Test {
 protected:
  void serve(http::Handler handler) {
    auto made = http::listen_tcp(service_loop_, "127.0.0.1", 0, std::move(handler));
    ASSERT_TRUE(made) << made.error().message;
    listener_ = std::move(*made);
  }

  static target::Target target_at(const http::Endpoint& endpoint) {
    target::Target target;
    target.name = "aws";
    target.endpoint = endpoint;
    target.region = "us-east-1";
    target.provider = std::make_shared<identity::Provider>(aws::Credentials{{"AKID", "secret"}, "a test"});
    return target;
  }

  std::unique_ptr<Engine> open(EngineOptions options) {
    options.function = "f";
    auto engine = Engine::open(target_at(listener_->endpoint()), std::move(options));
    EXPECT_TRUE(engine);
    return std::move(*engine);
  }

  static inline std::atomic<Engine::Id> last_id = 0;
  static Result<aws::Invoked> call(Engine& engine, std::string payload) {
    std::promise<Result<aws::Invoked>> promise;
    engine.submit(++last_id, std::move(payload), [&](auto result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }

  http::EventLoop service_loop_;
  std::unique_ptr<http::Listener> listener_;
};

TEST_F(EngineTest, ACallIsSignedAndAnswered) {
  http::Request seen;
  serve([&](http::Request request, http::Responder responder) {
    seen = request;
    responder.send(answer("42"));
  });
  auto engine = open({});
  auto result = call(*engine, R"({"n":1})");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->payload, "42");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/2015-03-31/functions/f/invocations");
  EXPECT_EQ(seen.body, R"({"n":1})");
  EXPECT_EQ(seen.headers.get("X-Amz-Log-Type"), "Tail");
  EXPECT_EQ(seen.headers.get("Host"), listener_->endpoint().host_header());
  EXPECT_THAT(std::string(seen.headers.get("Authorization")), HasSubstr("Credential=AKID/"));
  EXPECT_EQ(engine->standing().calls, 0u);
}

TEST_F(EngineTest, TenThousandCallsAreEachAnsweredOnce) {
  serve([](http::Request request, http::Responder responder) {
    responder.send(answer(std::move(request.body)));
  });
  auto engine = open({.workers = 100});
  constexpr int calls = 10'000;
  std::vector<std::atomic<int>> answers(calls);
  std::atomic<int> wrong{0};
  std::latch left(calls);
  for (int i = 0; i < calls; ++i) {
    engine->submit(++last_id, std::to_string(i), [&, i](auto result) {
      if (!result || result->payload != std::to_string(i)) ++wrong;
      ++answers[static_cast<std::size_t>(i)];
      left.count_down();
    });
  }
  left.wait();
  engine.reset();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& count) { return count != 1; }), 0);
}

TEST_F(EngineTest, NoMoreThanTheWorkersAreInFlight) {
  std::vector<http::Responder> held;
  std::size_t most = 0;
  int seen = 0;
  serve([&](http::Request, http::Responder responder) {
    held.push_back(std::move(responder));
    most = std::max(most, held.size());
    if (++seen < 5) return;
    // All five are here: from now on each arrival lets the oldest go.
    held.front().send(answer("1"));
    held.erase(held.begin());
    if (seen == 50) {
      for (auto& one : held) one.send(answer("1"));
    }
  });
  auto engine = open({.workers = 5});
  std::latch left(50);
  for (int i = 0; i < 50; ++i) engine->submit(++last_id, "1", [&](auto) { left.count_down(); });
  left.wait();
  EXPECT_EQ(most, 5u);
}

TEST_F(EngineTest, AStormOfThrottlesIsNoFailure) {
  std::atomic<int> refused{0};
  std::map<std::string, int> attempts;
  std::map<std::string, int> runs;
  serve([&](http::Request request, http::Responder responder) {
    if (++attempts[request.body] <= 1) {
      ++refused;
      return responder.send(throttle());
    }
    ++runs[request.body];
    responder.send(answer(request.body));
  });
  auto engine = open({.workers = 50});
  constexpr int calls = 60;
  std::latch left(calls);
  std::atomic<int> right{0};
  for (int i = 0; i < calls; ++i) {
    engine->submit(++last_id, std::to_string(i), [&, i](auto result) {
      if (result && result->payload == std::to_string(i)) ++right;
      left.count_down();
    });
  }
  left.wait();
  EXPECT_EQ(right, calls);
  EXPECT_EQ(refused, calls);
  EXPECT_TRUE(std::ranges::all_of(runs, [](const auto& run) { return run.second == 1; }));
}

TEST_F(EngineTest, ThrottledToTheDeadlineIsSaidSo) {
  serve([&](http::Request, http::Responder responder) { responder.send(throttle()); });
  auto engine = open({.workers = 1, .throttle_deadline = 100ms});
  auto result = call(*engine, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::throttled);
  EXPECT_THAT(result.error().message, HasSubstr("throttled for"));
}

TEST_F(EngineTest, AConnectionThatBreaksAfterSendingIsNotTriedAgain) {
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder) { ++seen; });  // dropped: the connection closes
  auto engine = open({});
  auto result = call(*engine, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::network);
  EXPECT_THAT(result.error().message, HasSubstr("may have run"));
  engine.reset();
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, WhatMayHaveRunIsSentAgainWhereThatDoesNoHarm) {
  std::atomic<int> seen{0};
  serve([&](http::Request request, http::Responder responder) {
    const int number = ++seen;
    if (number == 1) return;  // dropped: the connection closes
    if (number == 2) return responder.send({503, {}, "{}"});
    responder.send(answer(request.body));
  });
  auto engine = open({.idempotent = true, .retries = 2});
  auto result = call(*engine, "1");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->payload, "1");
  engine.reset();
  EXPECT_EQ(seen, 3);
}

TEST_F(EngineTest, ACallThatFailsAllItsTimesSaysSoAndNamesTheRequest) {
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder responder) {
    ++seen;
    responder.send({503, {{"x-amzn-requestid", "the-last-id"}}, R"({"message":"oops"})"});
  });
  auto engine = open({.idempotent = true, .retries = 2});
  auto result = call(*engine, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message,
            "oops; the function may have run, up to 3 times (request id the-last-id)");
  EXPECT_EQ(seen, 3);
}

TEST_F(EngineTest, AWrongClockIsCorrectedOnceAndForAllTheCallsThatFollow) {
  using std::chrono::system_clock;
  std::atomic<int> refused{0}, ran{0};
  const auto shifted = [] { return system_clock::now() + 3h; };
  serve([&](http::Request request, http::Responder responder) {
    const auto date = sigv4::parse_amz_date(request.headers.get("X-Amz-Date"));
    if (date && std::chrono::abs(*date - shifted()) < 5min) {
      ++ran;
      return responder.send(answer(request.body));
    }
    ++refused;
    const auto now = system_clock::to_time_t(shifted());
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    responder.send({403,
                    {{"x-amzn-errortype", "InvalidSignatureException"}, {"Date", text}},
                    R"({"message":"Signature expired: is now earlier than"})"});
  });
  auto engine = open({.workers = 4});
  for (const std::size_t size : {1u, 300'000u}) {
    const std::string payload(size, '1');
    for (int i = 0; i < 5; ++i) {
      auto result = call(*engine, payload);
      ASSERT_TRUE(result) << result.error().message;
    }
  }
  engine.reset();
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(ran, 10);
}

TEST_F(EngineTest, ARefusedSignatureWhoseTimeWasRightEndsTheCall) {
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder responder) {
    ++seen;
    responder.send({403,
                    {{"x-amzn-errortype", "InvalidSignatureException"}},
                    R"({"message":"Signature expired: is now earlier than"})"});
  });
  auto result = call(*open({}), "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::credentials);
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, AServiceFailureIsNotTriedAgain) {
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder responder) {
    ++seen;
    responder.send({500, {{"x-amzn-errortype", "ServiceException"}}, R"({"Message":"oops"})"});
  });
  auto engine = open({});
  auto result = call(*engine, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::service);
  EXPECT_THAT(result.error().message, HasSubstr("may have run"));
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, AFunctionsErrorIsNotTriedAgainWhateverItsName) {
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder responder) {
    ++seen;
    responder.send({200,
                    {{"X-Amz-Function-Error", "Unhandled"}},
                    R"({"errorType":"TooManyRequestsException","errorMessage":"the function's own"})"});
  });
  auto engine = open({});
  auto result = call(*engine, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, NobodyThereIsSaidAfterTheNetworksDeadline) {
  serve([](http::Request, http::Responder) {});
  auto endpoint = listener_->endpoint();
  listener_.reset();
  const std::string why = "cannot connect to " + endpoint.host_header() + ": connection refused";
  auto patient = Engine::open(target_at(endpoint), {.function = "f", .network_deadline = 100ms});
  auto result = call(**patient, "1");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::network);
  EXPECT_EQ(result.error().message,
            why + "; nothing reached the service for 100 ms (network_timeout), so the call was given up");
  auto impatient = Engine::open(target_at(endpoint), {.function = "f", .network_deadline = 0ms});
  EXPECT_EQ(call(**impatient, "1").error().message, why);
}

TEST_F(EngineTest, AServiceThatComesBackCostsNoCall) {
  serve([](http::Request, http::Responder) {});
  const auto endpoint = listener_->endpoint();
  listener_.reset();
  auto engine = Engine::open(target_at(endpoint), {.function = "f", .workers = 3});
  constexpr int calls = 20;
  std::latch left(calls);
  std::atomic<int> values{0};
  for (int i = 0; i < calls; ++i) {
    (*engine)->submit(++last_id, "1", [&](auto result) {
      if (result) ++values;
      left.count_down();
    });
  }
  auto made = http::listen_tcp(service_loop_, "127.0.0.1", endpoint.port,
                               [](http::Request, http::Responder responder) { responder.send(answer("1")); });
  ASSERT_TRUE(made) << made.error().message;
  listener_ = std::move(*made);
  left.wait();
  EXPECT_EQ(values, calls);
}

TEST_F(EngineTest, APayloadBeyondLambdasLimitIsNotSent) {
  std::atomic<int> seen{0};
  serve([&](http::Request request, http::Responder responder) {
    ++seen;
    responder.send(answer(std::to_string(request.body.size())));
  });
  auto engine = open({});
  std::string largest(limits::request_payload_bytes_max, ' ');
  auto result = call(*engine, largest);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->payload, "6291456");
  result = call(*engine, largest + " ");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::payload_too_large);
  EXPECT_THAT(result.error().message, HasSubstr("6291457"));
  EXPECT_THAT(result.error().message, HasSubstr("6291456"));
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, WhatIsQueuedCanBeCancelledAndWhatIsInFlightNot) {
  std::promise<http::Responder> arrived;
  std::atomic<int> seen{0};
  serve([&](http::Request, http::Responder responder) {
    if (++seen == 1) return arrived.set_value(std::move(responder));
    responder.send(answer("2"));
  });
  auto engine = open({.workers = 1});
  std::promise<Result<aws::Invoked>> first, second;
  const Engine::Id in_flight = ++last_id, queued = ++last_id;
  engine->submit(in_flight, "1", [&](auto result) { first.set_value(std::move(result)); });
  auto responder = arrived.get_future().get();
  engine->submit(queued, "2", [&](auto result) { second.set_value(std::move(result)); });
  EXPECT_FALSE(engine->cancel(in_flight));
  EXPECT_TRUE(engine->cancel(queued));
  EXPECT_FALSE(engine->cancel(queued));
  auto cancelled = second.get_future().get();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().kind, ErrorKind::cancelled);
  responder.send(answer("1"));
  EXPECT_TRUE(first.get_future().get());
  engine.reset();
  EXPECT_EQ(seen, 1);
}

TEST_F(EngineTest, TerminateEndsEveryCall) {
  std::promise<void> busy;
  std::vector<http::Responder> held;
  serve([&](http::Request, http::Responder responder) {
    held.push_back(std::move(responder));
    if (held.size() == 3) busy.set_value();
  });
  auto engine = open({.workers = 3});
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 10; ++i) {
    engine->submit(++last_id, "1", [&](auto result) {
      if (!result && result.error().kind == ErrorKind::cancelled) ++cancelled;
    });
  }
  busy.get_future().wait();
  engine->terminate();
  EXPECT_EQ(cancelled, 10);
  auto late = call(*engine, "1");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::cancelled);
}

TEST_F(EngineTest, AnEngineMayBeDestroyedByItsOwnCompletion) {
  serve([](http::Request, http::Responder responder) { responder.send(answer("1")); });
  std::shared_ptr<Engine> engine = open({});
  std::promise<void> over;
  auto& raw = *engine;
  raw.submit(++last_id, "1", [&over, engine = std::move(engine)](auto) mutable {
    engine.reset();
    over.set_value();
  });
  over.get_future().wait();
}

TEST_F(EngineTest, OptionsThatMakeNoSenseAreRefused) {
  auto nameless = Engine::open({}, {.function = ""});
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().kind, ErrorKind::invalid_argument);
  auto nobody = Engine::open({}, {.function = "f", .workers = 0});
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, HasSubstr("not 0"));
  auto careless = Engine::open({}, {.function = "f", .retries = 1});
  ASSERT_FALSE(careless);
  EXPECT_THAT(careless.error().message, HasSubstr("idempotent"));
  auto endless = Engine::open({}, {.function = "f", .idempotent = true, .retries = 1'000});
  ASSERT_FALSE(endless);
  EXPECT_THAT(endless.error().message, HasSubstr("not 1000"));
}

}  // namespace
}  // namespace lambdapool::pool

// A client and a service of the same process.
#include "http/in_process.hpp"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "http/client.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 2min;  // only ends a hang

struct Scripted final : InProcess {
  EventLoop& loop() override { return own_loop; }
  void handle(Request request, Responder responder) override {
    if (request.target == "/at-once") return responder.send({200, {}, std::move(request.body)});
    if (request.target == "/dropped") return;
    responder.on_disconnect([this] { gone = true; });
    waiting.emplace(std::move(responder));
    arrived.set_value();
  }
  bool is_idle() const override { return !waiting; }

  EventLoop own_loop;
  std::optional<Responder> waiting;
  std::promise<void> arrived;
  bool gone = false;
};

struct InProcessTest : testing::Test {
  template <class Work>
  auto on_loop(Work work) {
    std::promise<decltype(work())> done;
    service->own_loop.post([&] { done.set_value(work()); });
    return done.get_future().get();
  }

  std::shared_ptr<Scripted> service = std::make_shared<Scripted>();
  Client client{service->own_loop, {.in_process = service}};
};

TEST_F(InProcessTest, ARequestIsAnswered) {
  const auto answer = client.call({"POST", "/at-once", {}, "hello"}, patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(InProcessTest, AnAnswerThatComesAtOnceIsNotToldFromWithinSend) {
  std::promise<std::string> told;
  bool sending = false, nested = false;
  on_loop([&] {
    sending = true;
    client.send({"POST", "/at-once", {}, "hello"}, patience, [&](Answer answer) {
      nested = sending;
      told.set_value(answer->body);
    });
    sending = false;
    return true;
  });
  EXPECT_EQ(told.get_future().get(), "hello");
  EXPECT_FALSE(nested);
}

TEST_F(InProcessTest, TheRequestComesBackForWhoMaySendItAgain) {
  std::promise<Request> back;
  client.send_returning({"POST", "/at-once", {}, "hello"}, patience,
                        [&](const Answer&, Request request) { back.set_value(std::move(request)); });
  EXPECT_EQ(back.get_future().get().body, "hello");
}

TEST_F(InProcessTest, ADoubtIsAnErrorAfterWhichTheServiceMayHaveSeenTheRequest) {
  std::promise<Answer> told;
  client.send_returning(
      {"POST", "/at-once", {}, "hello"}, patience,
      [&](Answer answer, const Request&) { told.set_value(std::move(answer)); },
      [](const Response&) {
        return Error{ErrorKind::protocol, "of another call"};
      });
  const auto answer = told.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reached, TransportError::Reached::maybe);
  EXPECT_EQ(answer.error().error.message, "of another call");
}

TEST_F(InProcessTest, ARequestThatIsDroppedHasAnAnswerToo) {
  const auto answer = client.call({"GET", "/dropped"}, patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500);
}

TEST_F(InProcessTest, CancellingEndsTheCallAndTellsTheService) {
  std::promise<Answer> told;
  const auto id =
      client.send({"GET", "/later"}, patience, [&](Answer answer) { told.set_value(std::move(answer)); });
  service->arrived.get_future().wait();
  client.cancel(id);
  const auto answer = told.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::cancelled);
  EXPECT_TRUE(on_loop([&] { return service->gone; }));
  on_loop([&] {
    service->waiting->send({});  // too late, and harmless
    return 0;
  });
}

TEST(InProcess, AClientThatEndsEndsItsCalls) {
  const auto service = std::make_shared<Scripted>();
  std::promise<Answer> told;
  {
    Client client(service->own_loop, {.in_process = service});
    client.send({"GET", "/later"}, patience, [&](Answer answer) { told.set_value(std::move(answer)); });
    service->arrived.get_future().wait();
  }
  const auto answer = told.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::cancelled);
  EXPECT_EQ(answer.error().reached, TransportError::Reached::maybe);
}

}  // namespace
}  // namespace lambdapool::http

// The server against those who may not speak, say too much, or take too long.
#include "http/guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <new>
#include <stdexcept>
#include <vector>

#include "http/raw_peer.hpp"
#include "http/server.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using SteadyTime = std::chrono::steady_clock::time_point;

class GuardTest : public testing::Test {
 protected:
  static void echo(Request request, Responder responder) {
    responder.send({200, {}, request.target + "|" + std::to_string(request.body.size())});
  }
  int listen(Guard guard, Handler handler = echo, ServerLimits limits = {}) {
    auto made = listen_tcp(loop_, "127.0.0.1", 0, std::move(handler), limits, std::move(guard));
    EXPECT_TRUE(made) << made.error().message;
    listener_ = std::move(*made);
    return listener_->endpoint().port;
  }
  // Looks at the test's clock as often as it can.
  Deadlines deadlines() {
    Deadlines all;
    all.look_every = 1ms;
    all.clock = [this] { return SteadyTime(std::chrono::seconds(seconds_.load())); };
    return all;
  }
  // Once the listener has seen what was sent: a second connection's answer comes after it.
  static void settle(int port) {
    auto other = RawConnection::to(port);
    other.say("GET /settle HTTP/1.1\r\nConnection: close\r\n\r\n");
    other.hear_to_the_end();
  }

  std::atomic<int> seconds_{1'000};
  EventLoop loop_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(GuardTest, WhoMayNotSpeakIsAnsweredBeforeTheBodyIsTaken) {
  const int port = listen({.screen = [](const Request& head, const Caller&) -> std::optional<Response> {
    if (head.headers.get("key") == "right") return std::nullopt;
    return Response{403, {}, "not you"};
  }});
  auto peer = RawConnection::to(port);
  peer.say("POST / HTTP/1.1\r\nContent-Length: 70000000\r\nExpect: 100-continue\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(heard, HasSubstr("not you"));
  auto other = RawConnection::to(port);
  other.say("POST /in HTTP/1.1\r\nKey: right\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab");
  EXPECT_THAT(other.hear_to_the_end(), HasSubstr("/in|2"));
}

TEST_F(GuardTest, WhoIsNotAdmittedIsSentAwayBeforeItSaidAnything) {
  const int port = listen({.admit = [](const Caller& caller) { return caller.uid != ::geteuid(); }});
  EXPECT_EQ(RawConnection::to(port).hear_to_the_end(), "");
  std::promise<std::uint64_t> inode;
  const int other = listen({.admit = [&](const Caller& caller) {
    inode.set_value(caller.uid == ::geteuid() ? caller.inode : 0);
    return true;
  }});
  auto peer = RawConnection::to(other);
  EXPECT_NE(inode.get_future().get(), 0u);
  peer.say("GET /in HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("/in|0"));
}

TEST_F(GuardTest, AListenerThatIsOpenedLaterTakesThoseWhoHaveWaited) {
  std::atomic<bool> open = false;
  std::atomic<bool> early = false;
  const int port = listen({.admit =
                               [&](const Caller&) {
                                 early = !open;
                                 return true;
                               },
                           .opened_later = true});
  auto peer = RawConnection::to(port);
  peer.say("GET /in HTTP/1.1\r\nConnection: close\r\n\r\n");
  loop_.post([&] {
    open = true;
    listener_->open();
  });
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("/in|0"));
  EXPECT_FALSE(early);
}

TEST_F(GuardTest, EveryRequestOfAConnectionIsLookedAt) {
  auto peer =
      RawConnection::to(listen({.screen = [](const Request& head, const Caller&) -> std::optional<Response> {
        return head.target == "/bad" ? std::optional(Response{403, {}, ""}) : std::nullopt;
      }}));
  peer.say("GET /good HTTP/1.1\r\n\r\nGET /bad HTTP/1.1\r\n\r\nGET /late HTTP/1.1\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, HasSubstr("/good|0"));
  EXPECT_THAT(heard, HasSubstr("HTTP/1.1 403"));
  EXPECT_THAT(heard, testing::Not(HasSubstr("/late")));
}

struct Slowness {
  const char* name;
  std::string says;
  int seconds;
  const char* hears;
};

class SlowPeer : public GuardTest, public testing::WithParamInterface<Slowness> {};

TEST_P(SlowPeer, IsSentAway) {
  const int port = listen({.deadlines = deadlines()});
  auto peer = RawConnection::to(port);
  peer.say(GetParam().says);
  if (GetParam().says.ends_with("\r\n\r\n")) peer.hear_until("/first|0");
  settle(port);
  seconds_ += GetParam().seconds;
  EXPECT_THAT(peer.hear_to_the_end(), StartsWith(GetParam().hears));
}

INSTANTIATE_TEST_SUITE_P(Guard, SlowPeer,
                         testing::Values(Slowness{"silent", "", 31, ""},
                                         Slowness{"half_a_head", "GET / HTT", 31, "HTTP/1.1 408"},
                                         Slowness{"half_a_body",
                                                  "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", 31,
                                                  "HTTP/1.1 408"},
                                         Slowness{"idle", "GET /first HTTP/1.1\r\n\r\n", 301, ""}),
                         [](const auto& test) { return test.param.name; });

TEST_F(GuardTest, AHeadThatDripsIsNotWaitedForAnyLonger) {
  const int port = listen({.deadlines = deadlines()});
  auto peer = RawConnection::to(port);
  for (const char* piece : {"GET ", "/ ", "HTT"}) {
    peer.say(piece);
    settle(port);
    seconds_ += 11;
  }
  EXPECT_THAT(peer.hear_to_the_end(), StartsWith("HTTP/1.1 408"));
}

TEST_F(GuardTest, ABodyMayTakeItsTimeAsLongAsItGetsOnAndNotForEver) {
  auto times = deadlines();
  times.body = 100s;
  const int port = listen({.deadlines = times});
  auto peer = RawConnection::to(port);
  peer.say("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
  for (int piece = 0; piece < 4; ++piece) {
    settle(port);
    seconds_ += 20;
    peer.say("x");
  }
  settle(port);
  EXPECT_FALSE(peer.can_hear());
  seconds_ += 29;
  EXPECT_THAT(peer.hear_to_the_end(), StartsWith("HTTP/1.1 408"));
}

TEST_F(GuardTest, AnAnswerThatIsLongInComingHasNoDeadline) {
  std::promise<Responder> asked;
  const int port = listen({.deadlines = deadlines()}, [&](Request request, Responder responder) {
    if (request.target == "/settle") return echo(std::move(request), std::move(responder));
    asked.set_value(std::move(responder));
  });
  auto peer = RawConnection::to(port);
  peer.say("GET /poll HTTP/1.1\r\nConnection: close\r\n\r\n");
  auto responder = asked.get_future().get();
  seconds_ += 100'000;
  settle(port);
  responder.send({200, {}, "at last"});
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("at last"));
}

TEST_F(GuardTest, ABodyWaitsForTheMemoryThatOthersHoldAndIsThenServed) {
  auto memory = std::make_shared<MemoryBudget>(1'500'000);
  const int port = listen({.memory = memory});
  auto first = RawConnection::to(port);
  first.say("POST /1 HTTP/1.1\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\nx");
  settle(port);
  auto second = RawConnection::to(port);
  second.say(
      "POST /2 HTTP/1.1\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  settle(port);
  EXPECT_FALSE(second.can_hear());
  auto small = RawConnection::to(port);
  small.say("POST /s HTTP/1.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab");
  EXPECT_THAT(small.hear_to_the_end(), HasSubstr("/s|2"));
  first.say(std::string(999'999, 'x'));
  EXPECT_THAT(first.hear_to_the_end(), HasSubstr("/1|1000000"));
  EXPECT_EQ(second.hear_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  second.say(std::string(1'000'000, 'x'));
  EXPECT_THAT(second.hear_to_the_end(), HasSubstr("/2|1000000"));
}

TEST_F(GuardTest, WhoWaitsTooLongForMemoryIsToldToComeAgain) {
  const int port = listen({.memory = std::make_shared<MemoryBudget>(1'500'000), .deadlines = deadlines()});
  auto first = RawConnection::to(port);
  first.say("POST /1 HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  settle(port);
  auto second = RawConnection::to(port);
  second.say("POST /2 HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  settle(port);
  seconds_ += 31;
  const auto heard = second.hear_to_the_end();
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(heard, HasSubstr("Retry-After: 1"));
}

TEST_F(GuardTest, MemoryIsHeldUntilTheAnswerOrUntilTheHandlerLetsGo) {
  auto memory = std::make_shared<MemoryBudget>(1'500'000);
  std::promise<Responder> asked;
  const int port = listen({.memory = memory},
                          [&](Request, Responder responder) { asked.set_value(std::move(responder)); });
  auto peer = RawConnection::to(port);
  peer.say("POST /1 HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(1'000'000, 'x'));
  auto responder = asked.get_future().get();
  auto share = memory->empty_share();
  EXPECT_FALSE(share.grow(1'000'000));
  responder.release_memory();
  EXPECT_TRUE(share.grow(1'000'000));
  responder.send({200, {}, "done"});
  EXPECT_THAT(peer.hear_until("done"), HasSubstr("200 OK"));
}

TEST_F(GuardTest, ABodyWithoutALengthGetsMemoryAsItComesAndIsRefusedBeyond) {
  const int port = listen({.memory = std::make_shared<MemoryBudget>(3'000'000)});
  auto peer = RawConnection::to(port);
  const std::string chunk = "f4240\r\n" + std::string(1'000'000, 'x') + "\r\n";
  const std::string head = "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
  peer.say(head + chunk + chunk + "0\r\n\r\n");
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("/c|2000000"));
  auto greedy = RawConnection::to(port);
  greedy.say(head + chunk + chunk + chunk + chunk);
  EXPECT_THAT(greedy.hear_to_the_end(), StartsWith("HTTP/1.1 503"));
}

TEST_F(GuardTest, LargeHeadsShareTheMemoryToo) {
  const int port = listen({.memory = std::make_shared<MemoryBudget>(3'000'000)});
  const std::string head = "GET /h HTTP/1.1\r\nX: " + std::string(100'000, 'x');
  auto first = RawConnection::to(port);
  first.say(head);
  settle(port);
  auto second = RawConnection::to(port);
  second.say(head + "\r\n\r\n");
  EXPECT_THAT(second.hear_to_the_end(), StartsWith("HTTP/1.1 503"));
  first.say("\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(first.hear_to_the_end(), HasSubstr("/h|0"));
}

TEST_F(GuardTest, BeyondTheBoundTheConnectionThatIsIdleLongestMakesRoom) {
  std::promise<Responder> asked;
  const int port =
      listen({.deadlines = deadlines(), .max_connections = 3}, [&](Request request, Responder responder) {
        if (request.target != "/poll") return echo(std::move(request), std::move(responder));
        asked.set_value(std::move(responder));
      });
  auto busy = RawConnection::to(port);
  busy.say("GET /poll HTTP/1.1\r\nConnection: close\r\n\r\n");
  auto responder = asked.get_future().get();
  auto older = RawConnection::to(port);
  older.say("GET /a HTTP/1.1\r\n\r\n");
  older.hear_until("/a|0");
  auto newer = RawConnection::to(port);
  newer.say("GET /b HTTP/1.1\r\n\r\n");
  newer.hear_until("/b|0");
  auto last = RawConnection::to(port);
  last.say("GET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(last.hear_to_the_end(), HasSubstr("/c|0"));
  EXPECT_EQ(older.hear_to_the_end(), "");
  newer.say("GET /d HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(newer.hear_to_the_end(), HasSubstr("/d|0"));
  responder.send({200, {}, "still here"});
  EXPECT_THAT(busy.hear_to_the_end(), HasSubstr("still here"));
}

TEST_F(GuardTest, AHandlerThatThrowsIsAnsweredForWith500AndTheServiceGoesOn) {
  std::vector<Responder> kept;
  const int port = listen({}, [&](Request request, Responder responder) {
    if (request.target == "/memory") throw std::bad_alloc();
    if (request.target == "/kept") {
      kept.push_back(std::move(responder));
      throw std::runtime_error("after it was kept");
    }
    echo(std::move(request), std::move(responder));
  });
  for (const char* path : {"/memory", "/kept"}) {
    auto peer = RawConnection::to(port);
    peer.say("GET " + std::string(path) + " HTTP/1.1\r\n\r\n");
    EXPECT_THAT(peer.hear_to_the_end(), StartsWith("HTTP/1.1 500")) << path;
  }
  kept[0].send({200, {}, "too late"});
  settle(port);
}

TEST_F(GuardTest, TheCallerOfAUnixSocketIsKnown) {
  std::promise<std::optional<unsigned>> seen;
  char pattern[] = "/tmp/lambdapool-guard-XXXXXX";
  const std::string directory = ::mkdtemp(pattern);
  const std::string path = directory + "/s";
  auto made = listen_unix(loop_, path, echo, {},
                          {.screen = [&](const Request&, const Caller& caller) -> std::optional<Response> {
                            seen.set_value(caller.uid);
                            return std::nullopt;
                          }});
  ASSERT_TRUE(made) << made.error().message;
  listener_ = std::move(*made);
  auto peer = RawConnection::to_unix(path);
  peer.say("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  peer.hear_to_the_end();
  EXPECT_EQ(seen.get_future().get(), ::geteuid());
  listener_.reset();
  ::rmdir(directory.c_str());
}

}  // namespace
}  // namespace lambdapool::http

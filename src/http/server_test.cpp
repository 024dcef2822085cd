// The server against clients that do what HTTP allows, and what it does not.
#include "http/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "http/patience.hpp"
#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public testing::Test {
 protected:
  RawConnection connect_to(Handler handler, ServerLimits limits = {}) {
    auto made = listen_tcp(loop_, "127.0.0.1", 0, std::move(handler), limits);
    EXPECT_TRUE(made) << made.error().message;
    listener_ = std::move(*made);
    return RawConnection::to(listener_->endpoint().port);
  }
  static void echo(Request request, Responder responder) {
    responder.send(
        {200, {{"X-Trailer", std::string(request.headers.get("t"))}}, request.target + "|" + request.body});
  }
  EventLoop loop_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  auto peer = connect_to(echo);
  peer.say(
      "POST /1 HTTP/1.1\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\n\r\n\r\nGET /3 "
      "HTTP/1.1\r\nConnection: close\r\n\r\n");
  auto heard = peer.hear_to_the_end();
  auto one = heard.find("/1|a"), two = heard.find("/2|"), three = heard.find("/3|");
  ASSERT_NE(three, std::string::npos) << heard;
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
}

TEST_F(ServerTest, AThousandPipelinedRequestsDoNotNest) {
  auto peer = connect_to(echo);
  std::string requests;
  for (int i = 0; i < 1'000; ++i) requests += "GET /x HTTP/1.1\r\n\r\n";
  std::thread writer([&] { peer.say(requests + "GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"); });
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("/last|"));
  writer.join();
}

TEST_F(ServerTest, ChunkedBodiesAndTrailersAreUnderstood) {
  auto peer = connect_to(echo);
  std::string request =
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\nConnection: close\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\nT: from behind\r\n\r\n";
  for (char byte : request) peer.say({&byte, 1});
  auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, HasSubstr("/c|abcde"));
  EXPECT_THAT(heard, HasSubstr("X-Trailer: from behind"));
}

TEST_F(ServerTest, AClientThatWaitsFor100IsToldToContinue) {
  auto peer = connect_to(echo);
  peer.say("PUT /e HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(peer.hear_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.say("body");
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("/e|body"));
}

struct Refused {
  const char* name;
  std::string says;
  const char* status;
};

class RefusedRequest : public ServerTest, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedRequest, IsAnsweredAndTheConnectionClosed) {
  auto peer = connect_to(echo, {.max_header_bytes = 1'000, .max_body_bytes = 10});
  peer.say(GetParam().says);
  auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, StartsWith(GetParam().status));
  EXPECT_THAT(heard, HasSubstr("Connection: close"));
}

INSTANTIATE_TEST_SUITE_P(
    Server, RefusedRequest,
    testing::Values(
        Refused{"garbage", "\x16\x03\x01 hello\r\n\r\n", "HTTP/1.1 400"},
        Refused{"no_version", "GET /\r\n\r\n", "HTTP/1.1 400"},
        Refused{"both_lengths",
                "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "HTTP/1.1 400"},
        Refused{"long_body", "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\nhello world", "HTTP/1.1 413"},
        Refused{"long_body_expecting",
                "POST / HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n", "HTTP/1.1 413"},
        Refused{"long_chunks",
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
                "HTTP/1.1 413"},
        Refused{"long_header", "GET / HTTP/1.1\r\nX: " + std::string(2'000, 'x') + "\r\n\r\n",
                "HTTP/1.1 431"},
        Refused{"long_line", "GET /" + std::string(2'000, 'x') + " HTTP/1.1\r\n\r\n", "HTTP/1.1 431"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ServerTest, ARefusedLargeBodyDoesNotResetTheClient) {
  auto peer = connect_to(echo, {.max_body_bytes = 10});
  peer.say("POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n" + std::string(20'000'000, 'x'));
  EXPECT_THAT(peer.hear_to_the_end(), StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, ALongPollLearnsThatItsClientHasGone) {
  std::promise<void> polled, gone;
  std::optional<Responder> held;
  auto peer = connect_to([&](Request, Responder responder) {
    held.emplace(std::move(responder));
    held->on_disconnect([&] { gone.set_value(); });
    polled.set_value();
  });
  peer.say("GET /next HTTP/1.1\r\n\r\n");
  polled.get_future().wait();
  peer.close();
  EXPECT_EQ(gone.get_future().wait_for(patience), std::future_status::ready);
  listener_.reset();
}

TEST_F(ServerTest, WhatIsPipelinedBehindALongPollIsServedAfterIt) {
  std::promise<void> polled;
  std::optional<Responder> held;
  auto peer = connect_to([&](Request request, Responder responder) {
    if (request.target != "/next") return responder.send({200, {}, "second"});
    held.emplace(std::move(responder));
    polled.set_value();
  });
  peer.say("GET /next HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n");
  polled.get_future().wait();
  held->send({200, {}, "first"});
  auto heard = peer.hear_to_the_end();
  EXPECT_LT(heard.find("first"), heard.find("second"));
  EXPECT_NE(heard.find("second"), std::string::npos);
}

TEST_F(ServerTest, AHalfClosedClientStillGetsItsAnswer) {
  std::promise<Responder> handed;
  auto peer = connect_to([&](Request, Responder responder) { handed.set_value(std::move(responder)); });
  peer.say("GET /half HTTP/1.1\r\n\r\n");
  peer.finish();
  handed.get_future().get().send({200, {}, "there you are"});
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("there you are"));
}

TEST_F(ServerTest, AResponderMayOutliveItsListener) {
  std::promise<Responder> handed;
  auto peer = connect_to([&](Request, Responder responder) { handed.set_value(std::move(responder)); });
  peer.say("GET / HTTP/1.1\r\n\r\n");
  auto responder = handed.get_future().get();
  listener_.reset();
  EXPECT_EQ(peer.hear_to_the_end(), "");
  responder.send({200, {}, "to nobody"});
}

TEST_F(ServerTest, APortInUseIsSaidPlainly) {
  auto peer = connect_to(echo);
  auto port = listener_->endpoint().port;
  auto again = listen_tcp(loop_, "127.0.0.1", static_cast<std::uint16_t>(port), echo);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::io);
  EXPECT_EQ(again.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(port) + ": address already in use");
}

class AdoptedTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = ends[0];
    peer_.emplace(ends[1]);
  }
  EventLoop loop_;
  int ours_ = -1;
  std::optional<RawConnection> peer_;
};

TEST_F(AdoptedTest, ASocketpairsEndIsServed) {
  auto connection = serve_connection(
      loop_, ours_,
      [](Request request, Responder responder) {
        responder.send({200, {}, request.target});
      },
      [] {});
  peer_->say("GET /over/a/pair HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(peer_->hear_until("/over/a/pair"), HasSubstr("200 OK"));
  connection.reset();
  EXPECT_EQ(peer_->hear_to_the_end(), "");
}

TEST_F(AdoptedTest, ThePeersEndIsToldEvenWhileALongPollWaits) {
  std::promise<void> polled, gone, closed;
  std::optional<Responder> held;
  auto connection = serve_connection(
      loop_, ours_,
      [&](Request, Responder responder) {
        held.emplace(std::move(responder));
        held->on_disconnect([&] { gone.set_value(); });
        polled.set_value();
      },
      [&] { closed.set_value(); });
  peer_->say("GET /next HTTP/1.1\r\n\r\n");
  polled.get_future().wait();
  peer_->close();
  EXPECT_EQ(gone.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_EQ(closed.get_future().wait_for(patience), std::future_status::ready);
}

TEST_F(AdoptedTest, AnAnswerThatIsOvertakenGoesOutTogetherWithTheNextWhereThatIsAgreed) {
  std::promise<void> polled;
  std::optional<Responder> held;
  auto connection = serve_connection(
      loop_, ours_,
      [&](Request request, Responder responder) {
        if (request.target != "/next") return responder.send({202, {}, "taken"});
        held.emplace(std::move(responder));
        polled.set_value();
      },
      [] {}, Pipelined::together);
  peer_->say("POST /response HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET /next HTTP/1.1\r\n\r\n");
  polled.get_future().wait();
  EXPECT_FALSE(peer_->can_hear());
  loop_.post([&] { held->send({200, {}, "event"}); });
  EXPECT_THAT(peer_->hear_until("event"),
              AllOf(StartsWith("HTTP/1.1 202 "), HasSubstr("takenHTTP/1.1 200 OK")));
  peer_->say("POST /response HTTP/1.1\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_THAT(peer_->hear_until("taken"), StartsWith("HTTP/1.1 202 "));  // nothing follows it
}

TEST_F(AdoptedTest, WhatThePeerSaidBeforeItDiedIsServedFirst) {
  std::vector<std::string> order;
  std::promise<void> closed;
  auto connection = serve_connection(
      loop_, ours_,
      [&](Request request, Responder responder) {
        order.push_back(request.target);
        responder.send({202, {}, {}});
      },
      [&] {
        order.push_back("closed");
        closed.set_value();
      });
  peer_->say("POST /response HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET /next HTTP/1.1\r\n\r\n");
  peer_->close();
  ASSERT_EQ(closed.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_EQ(order.front(), "/response");
  EXPECT_EQ(order.back(), "closed");
}

}  // namespace
}  // namespace lambdapool::http

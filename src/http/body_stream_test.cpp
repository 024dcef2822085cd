// Bodies that pass through the server piece by piece.
#include "http/body_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "http/raw_peer.hpp"
#include "http/server.hpp"

namespace lambdapool::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Count : public BodySink {
 public:
  explicit Count(std::size_t most) : most_(most) {}
  std::optional<Response> write(std::string_view piece) override {
    largest_ = std::max(largest_, piece.size());
    bytes_ += piece.size();
    if (bytes_ > most_) return Response{507, {}, "no room"};
    return std::nullopt;
  }
  std::size_t bytes_ = 0;
  std::size_t largest_ = 0;

 private:
  std::size_t most_;
};

class Letters : public BodySource {
 public:
  Letters(std::uint64_t size, std::uint64_t there) : size_(size), left_(there) {}
  std::uint64_t size() const override { return size_; }
  std::size_t read(char* piece, std::size_t most) override {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(most, left_));
    std::fill_n(piece, bytes, 'x');
    left_ -= bytes;
    return bytes;
  }

 private:
  std::uint64_t size_;
  std::uint64_t left_;
};

class BodyStreamTest : public testing::Test {
 protected:
  RawConnection connect_to(Handler handler, Divert divert = {}, ServerLimits limits = {}) {
    Guard guard;
    guard.divert = std::move(divert);
    auto made = listen_tcp(loop_, "127.0.0.1", 0, std::move(handler), limits, std::move(guard));
    EXPECT_TRUE(made) << made.error().message;
    listener_ = std::move(*made);
    return RawConnection::to(listener_->endpoint().port);
  }
  static Divert puts(std::size_t most) {
    return [most](const Request& head) -> std::unique_ptr<BodySink> {
      if (head.method != "PUT") return nullptr;
      return std::make_unique<Count>(most);
    };
  }
  static void tell(Request request, Responder responder) {
    const auto sink = std::static_pointer_cast<Count>(request.sink);
    responder.send({200, {}, (sink ? "diverted " + std::to_string(sink->bytes_) : "kept ") + request.body});
  }
  EventLoop loop_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(BodyStreamTest, ADivertedBodyMayBeLargerThanAKeptOne) {
  auto peer = connect_to(tell, puts(1 << 20), {.max_body_bytes = 10});
  peer.say("PUT / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'a') +
           "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
           "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, HasSubstr("diverted 100000"));
  EXPECT_THAT(heard, HasSubstr("kept hi"));
  EXPECT_THAT(heard, HasSubstr("diverted 3"));
}

TEST_F(BodyStreamTest, AKeptBodyBeyondTheLimitIsRefusedHoweverItComes) {
  for (const char* framing : {"Content-Length: 11\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nb\r\n"}) {
    auto peer = connect_to(tell, puts(1), {.max_body_bytes = 10});
    peer.say("POST / HTTP/1.1\r\n" + std::string(framing) + "hello world");
    EXPECT_THAT(peer.hear_to_the_end(), StartsWith("HTTP/1.1 413 "));
  }
}

TEST_F(BodyStreamTest, ASinkThatTakesNoMoreRefusesTheRequest) {
  auto peer = connect_to(tell, puts(10));
  peer.say("PUT / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(5'000, 'a'));
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 507 "));
  EXPECT_THAT(heard, HasSubstr("no room"));
}

TEST_F(BodyStreamTest, AnAnswerIsSentFromItsSource) {
  auto peer = connect_to([](Request request, Responder responder) {
    Response response;
    response.source = std::make_shared<Letters>(request.target == "/none" ? 0 : 1'000'000, 1'000'000);
    responder.send(std::move(response));
  });
  peer.say("GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, HasSubstr("Content-Length: 1000000\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_EQ(std::count(heard.begin(), heard.end(), 'x'), 1'000'000);
}

TEST_F(BodyStreamTest, AnAnswerWhoseSourceEndsEarlyIsBrokenOff) {
  auto peer = connect_to([](Request, Responder responder) {
    Response response;
    response.source = std::make_shared<Letters>(1'000, 400);
    responder.send(std::move(response));
  });
  peer.say("GET / HTTP/1.1\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, HasSubstr("Content-Length: 1000\r\n"));
  EXPECT_EQ(std::count(heard.begin(), heard.end(), 'x'), 400);
}

class LiveBodyTest : public BodyStreamTest {
 protected:
  RawConnection connect_to_live() {
    return connect_to([this](Request, Responder responder) {
      Response response;
      response.live = live_;
      responder.send(std::move(response));
    });
  }
  void on_loop(std::function<void(LiveBody&)> work) {
    loop_.post([live = live_, work = std::move(work)] { work(*live); });
  }
  const std::shared_ptr<LiveBody> live_ = std::make_shared<LiveBody>();
};

TEST_F(LiveBodyTest, PiecesGoOutAsTheyAreWritten) {
  auto peer = connect_to_live();
  peer.say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(peer.hear_until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"));
  on_loop([](LiveBody& live) { live.write("one"); });
  EXPECT_THAT(peer.hear_until("3\r\none\r\n"), HasSubstr("one"));
  on_loop([](LiveBody& live) {
    live.write("sixteen letters.");
    live.end(LiveBody::End::whole);
  });
  EXPECT_THAT(peer.hear_until("0\r\n\r\n"), HasSubstr("10\r\nsixteen letters.\r\n"));
  peer.say("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer.hear_to_the_end(), HasSubstr("HTTP/1.1 200 "));
}

TEST_F(LiveBodyTest, WhereTheConnectionEndsWithTheAnswerItIsNotChunked) {
  live_->write("all of it");
  live_->end(LiveBody::End::whole);
  auto peer = connect_to_live();
  peer.say("GET / HTTP/1.0\r\n\r\n");
  const auto heard = peer.hear_to_the_end();
  EXPECT_THAT(heard, testing::EndsWith("\r\n\r\nall of it"));
  EXPECT_THAT(heard, testing::Not(HasSubstr("Transfer-Encoding")));
}

TEST_F(LiveBodyTest, OneThatIsBrokenOffHasNoLastChunk) {
  auto peer = connect_to_live();
  peer.say("GET / HTTP/1.1\r\n\r\n");
  on_loop([](LiveBody& live) {
    live.write("part");
    live.end(LiveBody::End::broken);
  });
  EXPECT_THAT(peer.hear_to_the_end(), testing::EndsWith("\r\npart\r\n"));
}

TEST_F(LiveBodyTest, AReaderWhoGoesAwayEndsTheConnectionAndNothingElse) {
  {
    auto peer = connect_to_live();
    peer.say("GET / HTTP/1.1\r\n\r\n");
    peer.hear_until("\r\n\r\n");
  }
  std::promise<void> written;
  on_loop([&](LiveBody& live) {
    for (int i = 0; i < 100; ++i) live.write(std::string(100'000, 'x'));
    live.end(LiveBody::End::whole);
    written.set_value();
  });
  written.get_future().wait();
}

}  // namespace
}  // namespace lambdapool::http

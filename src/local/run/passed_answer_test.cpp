#include "local/run/passed_answer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>

#include "http/client.hpp"
#include "http/patience.hpp"
#include "http/raw_peer.hpp"

namespace lambdapool::local::run {
namespace {

using testing::HasSubstr;
using End = http::LiveBody::End;
using Reached = http::TransportError::Reached;

const http::Headers chunked{{"Transfer-Encoding", "chunked"}, {"X-Own", "1"}};

http::Answer failed(ErrorKind kind) {
  return tl::unexpected(http::TransportError{Reached::maybe, {kind, "it broke"}});
}

struct PassedAnswerTest : testing::Test {
  std::optional<http::Response> told;
  PassedAnswer answer{[this](http::Response response) { told = std::move(response); }};
};

TEST_F(PassedAnswerTest, WhatComesInChunksGoesOnAsItComes) {
  ASSERT_TRUE(answer.takes(206, chunked));
  ASSERT_TRUE(told && told->live);
  EXPECT_EQ(told->status, 206);
  EXPECT_EQ(told->headers.get("X-Own"), "1");
  EXPECT_TRUE(answer.read("one"));
  EXPECT_EQ(told->live->take(), "one");
  EXPECT_TRUE(answer.read("two"));
  EXPECT_EQ(told->live->take(), "two");
  EXPECT_EQ(told->live->how_it_ended(), End::none);
  answer.end(http::Response{206});
  EXPECT_EQ(told->live->how_it_ended(), End::whole);
}

TEST_F(PassedAnswerTest, OfAnInstanceThatDiesInTheMiddleIsBrokenOff) {
  ASSERT_TRUE(answer.takes(200, chunked));
  EXPECT_TRUE(answer.read("one"));
  answer.end(failed(ErrorKind::network));
  EXPECT_EQ(told->live->take(), "one");
  EXPECT_EQ(told->live->how_it_ended(), End::broken);
}

TEST_F(PassedAnswerTest, WhatHasALengthIsHandedOverWhole) {
  EXPECT_FALSE(answer.takes(200, {{"Content-Length", "3"}}));
  EXPECT_FALSE(told);
  answer.end(http::Response{200, {}, "all"});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->body, "all");
  EXPECT_EQ(told->live, nullptr);
}

TEST_F(PassedAnswerTest, InThePlaceOfNoneThePlatformAnswers) {
  answer.end(failed(ErrorKind::network));
  EXPECT_EQ(told->status, 503);
  EXPECT_THAT(told->body, HasSubstr("connection to the instance had an error"));
  answer.end(failed(ErrorKind::timed_out));
  EXPECT_EQ(told->status, 504);
}

TEST_F(PassedAnswerTest, IsReadToItsEndThoughWhoCalledHasGone) {
  ASSERT_TRUE(answer.takes(200, chunked));
  told.reset();
  const std::string piece(std::size_t{1} << 20, 'x');
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(answer.read(piece));
  answer.end(http::Response{});
}

TEST_F(PassedAnswerTest, ThatNobodyReadsIsKeptUpToALimit) {
  ASSERT_TRUE(answer.takes(200, chunked));
  const std::string piece(PassedAnswer::untaken_max / 4, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(answer.read(piece));
  EXPECT_FALSE(answer.read("x"));
}

TEST_F(PassedAnswerTest, MayTakeAsLongAsTheServicesTimeout) {
  const PassedAnswer::Time now{std::chrono::hours(2)}, until{std::chrono::hours(1)};
  EXPECT_EQ(answer.next_by(now, until), until);
}

// An instance, and the client by which it is called: the pieces are there while it still answers.
TEST(PassedAnswer, ReachesTheCallerBeforeTheInstanceHasAnswered) {
  std::promise<void> seen;
  http::RawServer instance([&](http::RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    seen.get_future().wait();
    peer.say("3\r\ntw");  // and there it dies
  });
  http::EventLoop loop;
  http::Client client(loop, {.endpoint = instance.endpoint()});
  std::string came;
  std::promise<End> ended;
  std::shared_ptr<http::LiveBody> body;
  const auto passed = std::make_shared<PassedAnswer>([&](http::Response response) {
    body = response.live;
    body->on_news([&] {
      came += body->take();
      if (came == "one") seen.set_value();
      if (body->how_it_ended() != End::none) ended.set_value(body->how_it_ended());
    });
  });
  http::Request request{"POST", "/"};
  request.reader = passed;
  client.send(std::move(request), http::patience,
              [&](http::Answer answer) { passed->end(std::move(answer)); });
  EXPECT_EQ(ended.get_future().get(), End::broken);
  EXPECT_EQ(came, "onetw");
}

}  // namespace
}  // namespace lambdapool::local::run

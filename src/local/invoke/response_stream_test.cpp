#include "local/invoke/response_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "core/part_frames.hpp"
#include "http/body_stream.hpp"

namespace lambdapool::local {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Read {
  std::string body;
  http::LiveBody::End end = http::LiveBody::End::none;
};

class ResponseStreamTest : public testing::Test {
 protected:
  ResponseStreamTest() {
    stream_ = std::make_unique<ResponseStream>(
        [this](http::Response response) { answer_ = std::move(response); }, "7", false);
  }
  static InvocationResult returned(std::string payload) {
    InvocationResult result;
    result.payload = std::move(payload);
    return result;
  }
  static InvocationResult failed(std::string payload) {
    auto result = returned(std::move(payload));
    result.function_error = true;
    return result;
  }
  Read read() {
    if (!answer_->live) return {answer_->body, http::LiveBody::End::whole};
    return {answer_->live->take(), answer_->live->how_it_ended()};
  }

  std::optional<http::Response> answer_;
  std::unique_ptr<ResponseStream> stream_;
};

TEST(ResponseStream, AFrameHasItsLengthsAndHeadersInFront) {
  const auto frame = event_frame("PayloadChunk", "application/octet-stream", "{}");
  EXPECT_THAT(frame, StartsWith(std::string("\0\0\0\x6c\0\0\0\x5a", 8)));
  EXPECT_THAT(frame, HasSubstr(std::string("\x0b:event-type\x07\0\x0cPayloadChunk", 27)));
  EXPECT_EQ(frame.size(), 0x6cU);
}

TEST_F(ResponseStreamTest, WhatIsStreamedGoesOutBeforeTheEnd) {
  EXPECT_FALSE(answer_);
  stream_->write("");
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->headers.get("X-Amz-Executed-Version"), "7");
  EXPECT_EQ(read().body, "");
  stream_->write("one");
  EXPECT_THAT(read().body, HasSubstr("one"));
  stream_->write("two");
  EXPECT_THAT(read().body, HasSubstr("two"));
  stream_->end(returned(""));
  const auto [body, end] = read();
  EXPECT_THAT(body, AllOf(HasSubstr("InvokeComplete"), Not(HasSubstr("PayloadChunk"))));
  EXPECT_EQ(end, http::LiveBody::End::whole);
}

TEST_F(ResponseStreamTest, AnAnswerOfOnePieceIsFramedAtTheEnd) {
  stream_->end(returned(std::string(100'000, 'x')));
  const auto body = read().body;
  EXPECT_EQ(std::count(body.begin(), body.end(), 'x'), 100'000);
  EXPECT_THAT(body, HasSubstr("InvokeComplete"));
}

TEST_F(ResponseStreamTest, AnErrorIsInTheLastFrameBehindWhatWasStreamed) {
  stream_->write("part");
  stream_->end(failed(R"({"errorType":"Broken","errorMessage":"m"})"));
  stream_->write("too late");
  const auto body = read().body;
  EXPECT_THAT(body,
              AllOf(HasSubstr("part"), HasSubstr(R"("ErrorCode":"Broken")"), Not(HasSubstr("too late"))));
}

TEST_F(ResponseStreamTest, AStreamThatNobodyEndsIsBrokenOff) {
  stream_->write("part");
  stream_.reset();
  EXPECT_EQ(read().end, http::LiveBody::End::broken);
}

TEST_F(ResponseStreamTest, PartsGoOutAheadOfTheAnswerWhichIsThenOneToo) {
  stream_->write_parts("");
  EXPECT_FALSE(answer_);
  stream_->write_parts(part_frame('H', {}, "head"));
  ASSERT_TRUE(answer_);
  EXPECT_THAT(read().body, HasSubstr("head"));
  stream_->end(returned("{}"));
  EXPECT_THAT(read().body, AllOf(HasSubstr(part_head('A', {}, "{}")), HasSubstr("InvokeComplete")));
}

TEST_F(ResponseStreamTest, OfAWorkerThatHasDiedThePartsAreAll) {
  stream_->write_parts(part_frame('H', {}, "head"));
  stream_->end(failed(R"({"errorType":"Runtime.ExitError"})"));
  EXPECT_THAT(read().body, AllOf(HasSubstr("head"), Not(HasSubstr("octet-streamA")), HasSubstr("ErrorCode")));
}

TEST_F(ResponseStreamTest, OfSpoiltPartsThoseBeforeGoOutAndNothingAfter) {
  for (const std::string& bad : {std::string(40, '\0'), std::string("P"), part_frame('A', {}, "{}")}) {
    stream_ = std::make_unique<ResponseStream>(
        [this](http::Response response) { answer_ = std::move(response); }, "7", false);
    stream_->write_parts(part_frame('H', {}, "head") + bad);
    stream_->write_parts(part_frame('P', {}, "part"));
    stream_->end(returned("{}"));
    const auto body = read().body;
    EXPECT_THAT(body, HasSubstr("head"));
    EXPECT_THAT(body, Not(HasSubstr("part")));
    EXPECT_THAT(body, HasSubstr(part_head('A', {}, "{}")));
  }
}

TEST_F(ResponseStreamTest, WhatTheRuntimeStreamsIsNotInterrupted) {
  stream_->write("A...");
  stream_->write_parts(part_frame('P', {}, "part"));
  stream_->end(returned(""));
  EXPECT_THAT(read().body, AllOf(HasSubstr("A..."), Not(HasSubstr("part"))));
}

}  // namespace
}  // namespace lambdapool::local

#include "gcp/run/call_stream.hpp"

#include <gtest/gtest.h>

#include "core/part_frames.hpp"

namespace lambdapool::gcp::run {
namespace {

const http::Headers stream_headers{{"Content-Type", parts_media_type}, {"X-Lambdapool-Request", "id"}};

struct CallStreamTest : testing::Test {
  std::string ahead = "of the attempt before";
  CallStream reader{[this](std::string_view piece) { piece.empty() ? ahead.clear() : void(ahead += piece); }};

  tl::expected<http::Response, Error> read(const std::string& stream) {
    EXPECT_TRUE(reader.takes(200, stream_headers));
    if (auto come = reader.read(stream); !come) return tl::unexpected(come.error());
    http::Response answer{200, stream_headers};
    if (auto whole = reader.finish(answer); !whole) return tl::unexpected(whole.error());
    return answer;
  }
};

TEST_F(CallStreamTest, IsTheAnswerOfAWorkerThatDoesNotStream) {
  const std::string early = part_frame('H', {}, "head") + part_frame('O', {}, "said\n") + part_frame('N', {});
  const auto answer = read(early + part_frame('L', {}, "log") + part_frame('A', {}, "{}"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->headers.get("X-Lambdapool-Log"), "bG9n");
  EXPECT_EQ(answer->headers.get("X-Lambdapool-Request"), "id");
  EXPECT_EQ(answer->headers.find("X-Lambdapool-Error"), nullptr);
  EXPECT_EQ(ahead, early);
}

TEST_F(CallStreamTest, MayEndWithAnError) {
  const std::string error = R"({"errorType":"Sandbox.Timedout","errorMessage":"late"})";
  const auto answer = read(part_frame('E', {}, error));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, error);
  EXPECT_EQ(answer->headers.get("X-Lambdapool-Error"), "Sandbox.Timedout");
  for (const char* other : {"none", "[]", "{}", R"({"errorType":1})"})
    EXPECT_EQ(read(part_frame('E', {}, other))->headers.get("X-Lambdapool-Error"), "Unhandled");
}

TEST_F(CallStreamTest, WithoutAnEndIsOfAnInstanceThatHasDied) {
  const std::string stream = part_frame('P', {0, 1}, "part") + part_frame('A', {}, "{}");
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const auto answer = read(stream.substr(0, size));
    ASSERT_FALSE(answer) << size;
    EXPECT_EQ(answer.error().kind, ErrorKind::worker_died);
  }
}

TEST_F(CallStreamTest, OtherAnswersAreReadAsTheyAlwaysWere) {
  EXPECT_FALSE(reader.takes(200, {{"Content-Type", "application/vnd.lambdapool"}}));
  EXPECT_EQ(ahead, "") << "what another attempt told counts no more";
  EXPECT_FALSE(reader.takes(503, stream_headers));
}

TEST_F(CallStreamTest, MayTakeLongButNotInSilence) {
  const CallStream::Time now{std::chrono::hours(1)};
  EXPECT_EQ(reader.next_by(now, now + std::chrono::hours(1)), now + std::chrono::minutes(2));
  EXPECT_EQ(reader.next_by(now, now), now + std::chrono::minutes(2));
}

}  // namespace
}  // namespace lambdapool::gcp::run

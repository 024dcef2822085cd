#include "local/invoke/response_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/body_stream.hpp"

namespace lambdapool::local {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string read_all(const http::Response& response, std::size_t piece) {
  std::string body;
  std::string buffer(piece, '\0');
  while (body.size() < response.source->size()) {
    const auto bytes = response.source->read(buffer.data(), buffer.size());
    if (bytes == 0) break;
    body.append(buffer, 0, bytes);
  }
  return body;
}

TEST(ResponseStream, AFrameHasItsLengthsAndHeadersInFront) {
  // checksum.
  const auto frame = event_frame("PayloadChunk", "application/octet-stream", "{}");
  EXPECT_THAT(frame, StartsWith(std::string("\0\0\0\x6c\0\0\0\x5a", 8)));
  EXPECT_THAT(frame, HasSubstr(std::string("\x0b:event-type\x07\0\x0cPayloadChunk", 27)));
  EXPECT_EQ(frame.size(), 0x6cU);
}

TEST(ResponseStream, APayloadHasAsManyBytesAsWasAnnouncedHoweverItIsRead) {
  for (const std::size_t size : {0, 1, 65'536, 65'537, 200'000}) {
    for (const std::size_t piece : {7, 65'536, 1'000'000}) {
      InvocationResult result;
      result.payload.assign(size, 'x');
      const auto response = stream_response(std::move(result), "$LATEST", false);
      const auto announced = response.source->size();
      const auto body = read_all(response, piece);
      EXPECT_EQ(body.size(), announced);
    }
  }
}

TEST(ResponseStream, AnErrorIsInTheLastFrameBehindWhatWasStreamed) {
  InvocationResult result;
  result.function_error = true;
  result.payload = R"({"errorType":"Broken","errorMessage":"m"})";
  result.streamed = "part";
  const auto body = read_all(stream_response(std::move(result), "1", false), 100);
  EXPECT_THAT(body, HasSubstr("part"));
  EXPECT_THAT(body, HasSubstr(R"("ErrorCode":"Broken")"));
}

}  // namespace
}  // namespace lambdapool::local

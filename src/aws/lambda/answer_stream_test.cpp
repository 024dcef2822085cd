#include "aws/lambda/answer_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/checksum.hpp"
#include "core/part_frames.hpp"

namespace lambdapool::aws {
namespace {

using testing::HasSubstr;

const http::Headers stream_headers{{"Content-Type", "application/vnd.amazon.eventstream"}};

void append(std::string& bytes, std::uint32_t number) {
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

std::string header(std::string_view name, std::string_view value) {
  std::string bytes(1, static_cast<char>(name.size()));
  bytes.append(name).append("\x07", 1).append(1, '\0').append(1, static_cast<char>(value.size()));
  return bytes.append(value);
}

// By the specification of application/vnd.amazon.eventstream; botocore and the JS SDK agree
// (tests/python/test_streamed_calls.py).
std::string message(std::string_view type, std::string_view payload, std::string_view kind = "event") {
  std::string headers = header(":message-type", kind) + header(":event-type", type);
  headers += std::string("\x04time\x08", 6) + std::string(8, '\x01') + std::string("\x03yes\x00", 5);
  std::string bytes;
  append(bytes, static_cast<std::uint32_t>(16 + headers.size() + payload.size()));
  append(bytes, static_cast<std::uint32_t>(headers.size()));
  append(bytes, crc32(0, bytes));
  bytes.append(headers).append(payload);
  append(bytes, crc32(0, bytes));
  return bytes;
}

std::string chunk(std::string_view payload) { return message("PayloadChunk", payload); }
std::string complete(std::string_view json = "{}") { return message("InvokeComplete", json); }

struct Read {
  Result<void> result;
  http::Response answer = {};
  std::string ahead = {};
};

Read read(const std::string& stream, std::size_t step = 1'000'000) {
  std::string ahead;
  AnswerStream reader([&](std::string_view piece) { piece.empty() ? ahead.clear() : void(ahead += piece); });
  EXPECT_TRUE(reader.takes(200, stream_headers));
  Read read;
  for (std::size_t at = 0; at < stream.size() && read.result; at += step)
    read.result = reader.read(std::string_view(stream).substr(at, step));
  if (read.result) read.result = reader.finish(read.answer);
  read.ahead = ahead;
  return read;
}

TEST(AnswerStream, IsTheSameHoweverItIsCut) {
  const std::string parts =
      part_frame('H', {}, "head") + part_frame('P', {0, 1}, "") + part_frame('B', {0, 2});
  const std::string payload = parts + part_frame('A', {}, "{\"answer\":1}");
  const std::string stream = chunk(payload.substr(0, 5)) + message("Later", "?") +
                             chunk(payload.substr(5, 30)) + chunk(payload.substr(35)) +
                             complete(R"({"LogResult":"bG9n"})");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    const Read whole = read(stream, step);
    ASSERT_TRUE(whole.result) << step << ": " << whole.result.error().message;
    EXPECT_EQ(whole.answer.body, "{\"answer\":1}");
    EXPECT_EQ(whole.answer.headers.get("X-Amz-Log-Result"), "bG9n");
    EXPECT_EQ(whole.answer.headers.find("X-Amz-Function-Error"), nullptr);
    EXPECT_EQ(whole.ahead, parts);
  }
}

TEST(AnswerStream, OfAWorkerThatDoesNotStreamIsItsAnswer) {
  const Read whole = read(chunk("{\"lambdapool\":1,") + chunk("\"A\":\"H\"}") + complete());
  ASSERT_TRUE(whole.result);
  EXPECT_EQ(whole.answer.body, "{\"lambdapool\":1,\"A\":\"H\"}");
  EXPECT_EQ(whole.ahead, "");
}

TEST(AnswerStream, EndsAsTheInvocationDid) {
  const std::string details =
      R"({"ErrorCode":"Runtime.ExitError","ErrorDetails":"{\"errorType\":\"Runtime.ExitError\"}"})";
  const Read died = read(chunk(part_frame('H', {}, "head") + "B") + complete(details));
  ASSERT_TRUE(died.result);
  EXPECT_EQ(died.answer.headers.get("X-Amz-Function-Error"), "Unhandled");
  EXPECT_EQ(died.answer.body, R"({"errorType":"Runtime.ExitError"})");
  const Read bare = read(complete(R"({"ErrorCode":"Sandbox.Timedout","ErrorDetails":"after 3 s"})"));
  EXPECT_EQ(bare.answer.body, R"({"errorMessage":"after 3 s","errorType":"Sandbox.Timedout"})");
  const Read buffered = read(chunk(R"({"errorType":"E"})") + complete(R"({"ErrorCode":"Unhandled"})"));
  EXPECT_EQ(buffered.answer.body, R"({"errorType":"E"})");
}

TEST(AnswerStream, ThatIsCutOffOrSpoiltIsNoAnswer) {
  const std::string stream = chunk(part_frame('A', {}, "{}")) + complete();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    EXPECT_FALSE(read(stream.substr(0, at)).result) << at;
    std::string spoilt = stream;
    spoilt[at] = static_cast<char>(~spoilt[at]);
    EXPECT_FALSE(read(spoilt).result) << at;
  }
}

TEST(AnswerStream, MustHoldOneWholeAnswer) {
  const auto why = [](const std::string& stream) {
    const Read bad = read(stream);
    return bad.result ? "nothing" : bad.result.error().message;
  };
  EXPECT_THAT(why(chunk(part_frame('H', {}, "x")) + complete()), HasSubstr("there is no answer in it"));
  EXPECT_THAT(why(chunk(part_frame('A', {}, "{}") + "H") + complete()),
              HasSubstr("it goes on after the answer"));
  std::string frame = part_frame('A', {}, "{}");
  frame.back() = ']';
  EXPECT_THAT(why(chunk(frame) + complete()), HasSubstr("the checksum of the answer is wrong"));
  EXPECT_THAT(why(complete() + chunk("{}")), HasSubstr("it goes on after its end"));
  EXPECT_THAT(why(chunk(std::string("A\xff\xff\xff\xff", 5) + std::string(12, '\0')) + complete()),
              HasSubstr("an impossible length"));
}

TEST(AnswerStream, TheServiceMayBreakItOff) {
  const Read broken =
      read(chunk("{") + message("ServiceException", "{\"message\":\"internal\"}", "exception"));
  ASSERT_FALSE(broken.result);
  EXPECT_EQ(broken.result.error().kind, ErrorKind::service);
  EXPECT_THAT(broken.result.error().message, HasSubstr("ServiceException {\"message\":\"internal\"}"));
}

TEST(AnswerStream, OfAnotherAttemptKeepsNothing) {
  std::string ahead;
  AnswerStream reader([&](std::string_view piece) { piece.empty() ? ahead.clear() : void(ahead += piece); });
  ASSERT_TRUE(reader.takes(200, stream_headers));
  EXPECT_TRUE(reader.read(chunk(part_frame('H', {}, "one") + "P") + "half"));
  ASSERT_TRUE(reader.takes(200, stream_headers));
  EXPECT_TRUE(reader.read(chunk(part_frame('H', {}, "two") + part_frame('A', {}, "{}")) + complete()));
  http::Response answer;
  EXPECT_TRUE(reader.finish(answer));
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(ahead, part_frame('H', {}, "two"));
}

TEST(AnswerStream, RefusalsAreReadAsOthersAre) {
  AnswerStream reader([](std::string_view) {});
  EXPECT_FALSE(reader.takes(429, {{"Content-Type", "application/json"}}));
  EXPECT_FALSE(reader.takes(200, {{"Content-Type", "application/json"}}));
}

}  // namespace
}  // namespace lambdapool::aws

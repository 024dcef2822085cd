#include "runtime/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace lambdapool::runtime {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The service's end of a worker's socket: says what a test scripts, and keeps what it is told.
class Service {
 public:
  Service() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    own_ = ends[0];
    worker_ = ends[1];
  }
  ~Service() { close(); }
  void close() {
    if (own_ >= 0) ::close(std::exchange(own_, -1));
  }
  Result<Channel> channel() { return Channel::on_descriptor(std::to_string(worker_)); }
  void say(const std::string& text) {
    EXPECT_EQ(::send(own_, text.data(), text.size(), 0), ssize_t(text.size()));
  }
  std::string heard() {
    char room[65'536];
    const ssize_t got = ::recv(own_, room, sizeof room, MSG_DONTWAIT);
    return {room, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }

 private:
  int own_ = -1;
  int worker_ = -1;
};

const std::string next =
    "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: r-1\r\nLAMBDA-RUNTIME-DEADLINE-MS:  1500 \r\n";
const std::string accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}";

TEST(Channel, TakesAnInvocationWithItsIdAndDeadline) {
  Service service;
  auto channel = service.channel();
  service.say(next + "Content-Length: 4\r\n\r\nbody");
  const auto invocation = channel->first();
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_EQ(invocation->request_id, "r-1");
  EXPECT_EQ(invocation->payload, "body");
  EXPECT_EQ(invocation->deadline.time_since_epoch(), std::chrono::milliseconds(1500));
  EXPECT_EQ(
      service.heard(),
      "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: localhost\r\nLambdapool-Raw: 1\r\n\r\n");
}

TEST(Channel, TakesADeadlineThatTheClockCannotSayForTheNearestThatItCan) {
  const auto deadline_of = [](const std::string& milliseconds) {
    Service service;
    auto channel = service.channel();
    service.say("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nLambda-Runtime-Deadline-Ms: " +
                milliseconds + "\r\nContent-Length: 0\r\n\r\n");
    const auto invocation = channel->first();
    EXPECT_TRUE(invocation) << invocation.error().message;
    return invocation ? invocation->deadline : std::chrono::system_clock::time_point();
  };
  const std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};
  EXPECT_GT(deadline_of("9223372036854775807") - now, std::chrono::years(100));
  EXPECT_LT(deadline_of("-9223372036854775808") - now, std::chrono::seconds(0));
}

TEST(Channel, TakesChunkedBodiesWithTrailers) {
  Service service;
  auto channel = service.channel();
  service.say(next + "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nbod\r\n1\r\ny\r\n0\r\nTrailer: t\r\n\r\n");
  const auto invocation = channel->first();
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_EQ(invocation->payload, "body");
}

TEST(Channel, SendsTheAnswerAndTheNextRequestTogether) {
  Service service;
  auto channel = service.channel();
  service.say(accepted + next + "Content-Length: 1\r\n\r\n2");
  const auto invocation = channel->answer("r-0", Answered::response, "{}");
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_EQ(invocation->payload, "2");
  const std::string heard = service.heard();
  EXPECT_THAT(heard, StartsWith("POST /2018-06-01/runtime/invocation/r-0/response HTTP/1.1\r\n"));
  EXPECT_THAT(heard, HasSubstr("Content-Length: 2\r\n\r\n{}GET /2018-06-01/runtime/invocation/next"));
}

TEST(Channel, ReportsAnErrorWithItsType) {
  Service service;
  auto channel = service.channel();
  service.say(accepted + next + "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(channel->answer("r-0", Answered::error, "{}", "Some.Type"));
  const std::string heard = service.heard();
  EXPECT_THAT(heard, StartsWith("POST /2018-06-01/runtime/invocation/r-0/error HTTP/1.1\r\n"));
  EXPECT_THAT(heard, HasSubstr("Lambda-Runtime-Function-Error-Type: Some.Type\r\n"));
}

TEST(Channel, StreamsAnAnswerInPieces) {
  Service service;
  auto channel = service.channel();
  ASSERT_TRUE(channel->begin_stream("r-0", "some/type"));
  const std::string head = service.heard();
  EXPECT_THAT(head, StartsWith("POST /2018-06-01/runtime/invocation/r-0/response HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
  ASSERT_TRUE(channel->stream("seventeen letters"));
  EXPECT_EQ(service.heard(), "11\r\nseventeen letters\r\n");
  ASSERT_TRUE(channel->stream("a", "bc"));
  EXPECT_EQ(service.heard(), "3\r\nabc\r\n");
  ASSERT_TRUE(channel->stream(""));
  service.say(accepted + next + "Content-Length: 1\r\n\r\n2");
  const auto invocation = channel->end_stream();
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_EQ(invocation->payload, "2");
  EXPECT_THAT(service.heard(), StartsWith("0\r\n\r\nGET /2018-06-01/runtime/invocation/next"));
}

TEST(Channel, TellsInTrailersThatAStreamIsAnError) {
  Service service;
  auto channel = service.channel();
  ASSERT_TRUE(channel->begin_stream("r-0", "some/type"));
  service.heard();
  service.say(accepted + next + "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(channel->end_stream(Channel::Trailer{"Some.Type", "{}"}));
  EXPECT_THAT(service.heard(), StartsWith("0\r\nLambda-Runtime-Function-Error-Type: Some.Type\r\n"
                                          "Lambda-Runtime-Function-Error-Body: e30=\r\n\r\nGET "));
}

TEST(Channel, EndsWhenTheServiceIsGoneOrSpeaksSomethingElse) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "closed the connection"},
      {next + "Content-Length: 9\r\n\r\nbody", "in the middle of a body"},
      {"SSH-2.0\r\n\r\n", "not HTTP/1.1"},
      {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "HTTP 500"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "without an id or a deadline"},
      {next + "Content-Length: many\r\n\r\n", "not a number"},
      {next + "Content-Length: 99999999999\r\n\r\n", "more than 64 MiB"},
      {next + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "impossible size"},
  };
  for (const auto& [said, reason] : cases) {
    Service service;
    auto channel = service.channel();
    service.say(said);
    std::thread later([&] { service.close(); });
    const auto invocation = channel->first();
    later.join();
    ASSERT_FALSE(invocation) << said;
    EXPECT_EQ(invocation.error().kind, ErrorKind::network);
    EXPECT_THAT(invocation.error().message, testing::AnyOf(HasSubstr(reason), HasSubstr("took no answer")));
  }
}

TEST(Channel, SaysWhichVariableIsWrong) {
  EXPECT_THAT(Channel::on_descriptor("x").error().message,
              HasSubstr("LAMBDAPOOL_RUNTIME_FD=x is not a socket"));
  EXPECT_THAT(Channel::on_descriptor("1").error().message, HasSubstr("is not a socket"));
  EXPECT_THAT(Channel::connect("nowhere").error().message, HasSubstr("AWS_LAMBDA_RUNTIME_API=nowhere"));
  EXPECT_THAT(Channel::connect("127.0.0.1:1").error().message, HasSubstr("cannot be reached"));
}

}  // namespace
}  // namespace lambdapool::runtime

#include "runtime/packets.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <thread>
#include <utility>

namespace lambdapool::runtime {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t plenty_mb = 1 << 20;

std::array<int, 2> connected(int type) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()), 0);
  return ends;
}

std::string read_now(int fd) {
  std::string room(65'536, '\0');
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  const ssize_t got = ::read(fd, room.data(), room.size());
  room.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return room;
}

// The local Lambda's ends of a worker's sockets and log: what a test has it say is there before it is waited
// for.
class PacketsTest : public testing::Test {
 protected:
  PacketsTest() { EXPECT_EQ(::pipe2(log.data(), O_CLOEXEC), 0); }
  ~PacketsTest() override {
    packets.reset();
    for (const int fd : {http[0], small[0], log[0], log[1]}) ::close(fd);
  }

  void start(std::uint64_t memory_mb = plenty_mb) {
    packets = Packets::on_descriptor(std::to_string(small[1]), *channel, memory_mb, log[1]);
    ASSERT_TRUE(packets);
    EXPECT_EQ(heard(), "R");
  }
  void say(std::string_view packet) {
    EXPECT_EQ(::send(small[0], packet.data(), packet.size(), 0), ssize_t(packet.size()));
  }
  void say_http(std::string_view text) {
    EXPECT_EQ(::send(http[0], text.data(), text.size(), 0), ssize_t(text.size()));
  }
  std::string heard() { return read_now(small[0]); }
  std::string heard_http() { return read_now(http[0]); }

  // Of the one that `start` or an answer has made it wait for.
  Invocation task(const std::string& id, const std::string& envelope = "{}\0body"s) {
    say("T" + id + "\n2000\nRoot=1\0"s + envelope);
    auto invocation = packets->first();
    EXPECT_TRUE(invocation) << invocation.error().message;
    return std::move(*invocation);
  }

  std::array<int, 2> http = connected(SOCK_STREAM);
  std::array<int, 2> small = connected(SOCK_SEQPACKET);
  std::array<int, 2> log{-1, -1};
  Result<Channel> channel = Channel::on_descriptor(std::to_string(http[1]));
  std::unique_ptr<Packets> packets;
};

const std::string acknowledged = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
const std::string next_task = "Tr-2\n50\n\0{}\0next"s;

std::string handed_out(const std::string& id, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: " + id +
         "\r\nLambda-Runtime-Deadline-Ms: 1500\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST_F(PacketsTest, ATaskHasItsTimeFromWhenItIsTaken) {
  start();
  const auto before = std::chrono::system_clock::now();
  const auto invocation = task("r-1");
  EXPECT_EQ(invocation.request_id, "r-1");
  EXPECT_EQ(invocation.payload, "{}\0body"s);
  EXPECT_GE(invocation.deadline, before + 2s);
  EXPECT_LE(invocation.deadline, std::chrono::system_clock::now() + 2s);
}

TEST_F(PacketsTest, AnAnswerIsOnePacketAndTheNextTaskMayHaveCome) {
  start();
  const auto first = task("r-1");
  say(next_task);
  const auto second = packets->answer(first, Answered::response, "done");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(heard(), "Qr-1done");
  EXPECT_EQ(second->request_id, "r-2");
  EXPECT_EQ(heard_http(), "");
}

// Whether it still looks for it or sleeps.
TEST_F(PacketsTest, TheNextTaskComesBehindOneWhoseCallerWaits) {
  start();
  say("Wr-1\n2000\n\0{}\0body"s);
  auto invocation = packets->first();
  for (int i = 2; invocation && i < 10; ++i) {
    EXPECT_EQ(invocation->request_id, "r-" + std::to_string(i - 1));
    std::thread caller([&, i] {
      while (heard().empty()) std::this_thread::yield();
      say("Wr-" + std::to_string(i) + "\n2000\n\0{}\0body"s);
    });
    invocation = packets->answer(*invocation, Answered::response, "done");
    caller.join();
  }
  EXPECT_TRUE(invocation);
}

TEST_F(PacketsTest, WhatATaskHasWrittenEndsWithAMarkUnlessItHasBeenRead) {
  start();
  const auto first = task("r-1");
  ASSERT_EQ(::write(log[1], "words\n", 6), 6);
  say(next_task);
  const auto second = packets->answer(first, Answered::response, "1");
  ASSERT_TRUE(second);
  EXPECT_EQ(heard(), "Ar-11");
  EXPECT_EQ(read_now(log[0]), "words\n\0r-1\n"s);
  say(next_task);
  ASSERT_TRUE(packets->answer(*second, Answered::response, "2"));
  EXPECT_EQ(heard(), "Qr-22");
}

TEST_F(PacketsTest, AnErrorGoesOverHttpAndIsTakenBeforeTheNextTask) {
  start();
  const auto first = task("r-1");
  say_http(acknowledged);
  say(next_task);
  const auto second = packets->answer(first, Answered::error, "{\"errorType\":\"Own\"}", "Own");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->request_id, "r-2");
  const std::string told = heard_http();
  EXPECT_THAT(told, StartsWith("POST /2018-06-01/runtime/invocation/r-1/error HTTP/1.1\r\n"));
  EXPECT_THAT(told, EndsWith("{\"errorType\":\"Own\"}"));
  EXPECT_EQ(heard(), "R");
}

TEST_F(PacketsTest, WhatDoesNotFitAPacketGoesOverHttp) {
  start();
  const auto first = task("r-1");
  say_http(acknowledged);
  say(next_task);
  ASSERT_TRUE(packets->answer(first, Answered::response, std::string(48 * 1024, 'x')));
  EXPECT_THAT(heard_http(), HasSubstr("\r\nContent-Length: 49152\r\n\r\nxxx"));
  EXPECT_EQ(heard(), "R");
}

TEST_F(PacketsTest, NearItsMemorysLimitAWorkerTakesNoTaskBeforeItsAnswerHasBeenJudged) {
  start(1);
  const auto first = task("r-1");
  say_http(acknowledged);
  say(next_task);
  ASSERT_TRUE(packets->answer(first, Answered::response, "done"));
  EXPECT_THAT(heard_http(), EndsWith("\r\n\r\ndone"));
  EXPECT_EQ(heard(), "R");
}

TEST_F(PacketsTest, InvocationsAreAskedForOverHttpUntilOneWouldHaveFitted) {
  start();
  say("F");
  say_http(handed_out("r-1", "{\"any\": 1}"));
  const auto first = packets->first();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->payload, "{\"any\": 1}");
  EXPECT_THAT(heard_http(), StartsWith("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"));

  say_http(acknowledged + handed_out("r-2", "{}\0small"s));
  const auto second = packets->answer(*first, Answered::response, "1");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->request_id, "r-2");
  EXPECT_THAT(heard_http(), HasSubstr("\r\n\r\n1GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"));
  EXPECT_EQ(heard(), "");

  say_http(acknowledged);
  say("Tr-3\n50\n\0{}\0x"s);
  const auto third = packets->answer(*second, Answered::response, "2");
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(third->request_id, "r-3");
  EXPECT_THAT(heard_http(), EndsWith("\r\n\r\n2"));
  EXPECT_EQ(heard(), "R");
}

TEST_F(PacketsTest, EndWithTheLocalLambda) {
  start();
  ::shutdown(small[0], SHUT_RDWR);
  const auto gone = packets->first();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::network);
}

TEST_F(PacketsTest, AreNotTakenFromWhatIsNoSocket) {
  for (const std::string& number :
       {std::string(), std::string("1"), std::to_string(log[1]), std::string("-7")})
    EXPECT_FALSE(Packets::on_descriptor(number, *channel, plenty_mb));
}

}  // namespace
}  // namespace lambdapool::runtime

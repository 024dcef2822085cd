#include "http/readiness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/descriptor.hpp"

namespace lambdapool::http {
namespace {

using testing::ElementsAre;

// One end of a socket, whose other end the test has.
struct Watched final : Readiness::Listener {
  Watched() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    own.reset(ends[0]);
    peer.reset(ends[1]);
  }

  void ready(Readiness::What what) override {
    last = what;
    ++told;
    char bytes[64];
    if (const auto got = ::recv(own.get(), bytes, sizeof bytes, 0); got > 0)
      heard.append(bytes, static_cast<std::size_t>(got));
    then();
  }

  void say(std::string_view text) const {
    EXPECT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  Descriptor own, peer;
  Readiness::What last;
  int told = 0;
  std::string heard;
  std::function<void()> then = [] {};
};

struct ReadinessTest : testing::Test {
  ~ReadinessTest() override { readiness->close(); }

  void watch(Watched& watched) { EXPECT_TRUE(readiness->watch(watched.own.get(), watched)); }

  void run() {
    io.restart();
    io.poll();
  }

  void let_both_say_something(Watched& one, Watched& other) {
    watch(one);
    watch(other);
    one.say("a");
    other.say("b");
    run();
  }

  boost::asio::io_context io{1};
  int turns = 0;
  std::shared_ptr<Readiness> readiness = *Readiness::open(io, [this] { ++turns; });
};

TEST_F(ReadinessTest, AllThatAreReadyAreToldAndThenThatTheyWereTold) {
  Watched one, other, silent;
  std::vector<int> turns_before;
  one.then = other.then = [&] {
    turns_before.push_back(turns);
    EXPECT_TRUE(readiness->is_telling());
  };
  for (auto* watched : {&one, &other, &silent}) watch(*watched);
  one.say("a");
  other.say("b");
  run();
  EXPECT_EQ(one.heard + other.heard, "ab");
  EXPECT_EQ(silent.told, 0);
  EXPECT_THAT(turns_before, ElementsAre(0, 0));
  EXPECT_EQ(turns, 1);
  EXPECT_FALSE(readiness->is_telling());
}

TEST_F(ReadinessTest, IsToldOnceOfWhatHasComeAndAgainOfWhatComes) {
  Watched watched;
  watched.say("before it was watched");
  watch(watched);
  run();
  run();
  EXPECT_EQ(watched.told, 1);
  EXPECT_TRUE(watched.last.to_read);
  EXPECT_FALSE(watched.last.to_write || watched.last.ended);
  watched.say(", and more");
  run();
  EXPECT_EQ(watched.told, 2);
  EXPECT_EQ(watched.heard, "before it was watched, and more");
}

TEST_F(ReadinessTest, TheEndIsToldWithWhatIsLeftToRead) {
  Watched watched;
  watch(watched);
  watched.say("bye");
  ::shutdown(watched.peer.get(), SHUT_WR);
  run();
  EXPECT_TRUE(watched.last.to_read && watched.last.ended);
  EXPECT_EQ(watched.heard, "bye");
}

TEST_F(ReadinessTest, OneThatIsForgottenMeanwhileIsNotTold) {
  Watched one, other;
  one.then = [&] { readiness->forget(other.own.get(), other); };
  other.then = [&] { readiness->forget(one.own.get(), one); };
  let_both_say_something(one, other);
  EXPECT_EQ(one.told + other.told, 1);
  (one.told == 0 ? one : other).say("c");
  run();
  EXPECT_EQ(one.told + other.told, 1);
}

TEST_F(ReadinessTest, OneThatIsForgottenIsNotToldThoughAForkedChildHasItOpen) {
  Watched watched;
  watch(watched);
  const Descriptor of_child(::dup(watched.own.get()));
  readiness->forget(watched.own.get(), watched);
  watched.own.reset();
  watched.say("a");
  run();
  EXPECT_EQ(watched.told, 0);
}

TEST_F(ReadinessTest, AnExceptionOfOneCostsTheOthersNothing) {
  Watched one, other;
  one.then = other.then = [] { throw std::runtime_error("a bug"); };
  watch(one);
  watch(other);
  one.say("a");
  other.say("b");
  io.restart();
  EXPECT_THROW(io.poll(), std::runtime_error);
  EXPECT_EQ(turns, 0);
  EXPECT_THROW(io.poll(), std::runtime_error);
  io.poll();
  EXPECT_EQ(one.heard + other.heard, "ab");
  EXPECT_EQ(turns, 1);
  one.then = [] {};
  one.say("c");
  run();
  EXPECT_EQ(one.heard, "ac");
}

TEST_F(ReadinessTest, RoomToWriteIsToldWhereItIsAskedFor) {
  Watched watched;
  watch(watched);
  const std::string much(1 << 16, 'x');
  while (::send(watched.own.get(), much.data(), much.size(), MSG_NOSIGNAL) > 0) {
  }
  readiness->watch_writing(watched.own.get(), watched);
  run();
  EXPECT_EQ(watched.told, 0);
  std::string taken(1 << 16, 0);
  while (::recv(watched.peer.get(), taken.data(), taken.size(), 0) > 0) {
  }
  run();
  EXPECT_EQ(watched.told, 1);
  EXPECT_TRUE(watched.last.to_write);
  readiness->watch_reading(watched.own.get(), watched);
  watched.say("a");
  run();
  EXPECT_EQ(watched.heard, "a");
  EXPECT_FALSE(watched.last.to_write);
}

TEST_F(ReadinessTest, ManyAreToldInSeveralTurns) {
  std::vector<Watched> many(200);
  const auto first = readiness->turn();
  std::vector<std::uint64_t> told_in;
  for (auto& watched : many) {
    watched.then = [&] { told_in.push_back(readiness->turn()); };
    watch(watched);
    watched.say("a");
  }
  run();
  for (const auto& watched : many) EXPECT_EQ(watched.told, 1);
  EXPECT_GT(turns, 1);
  EXPECT_EQ(told_in.front(), first);
  EXPECT_GT(told_in.back(), first);
  EXPECT_GT(readiness->turn(), told_in.back()) << "later, nothing was heard only now";
}

TEST_F(ReadinessTest, NobodyIsToldOnceItIsClosed) {
  Watched one, other;
  one.then = other.then = [&] { readiness->close(); };
  let_both_say_something(one, other);
  EXPECT_EQ(one.told + other.told, 1);
  EXPECT_EQ(turns, 0);
}

}  // namespace
}  // namespace lambdapool::http

// The log of tasks that follow one another before anybody has heard that the one before has ended.
#include "local/worker/log.hpp"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <future>
#include <string>
#include <vector>

namespace lambdapool::local {
namespace {

struct LogTest : testing::Test {
  // On the loop's thread, so that the pipe is read only when it is taken from.
  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    loop.post([&] {
      LogPipe log(loop, [this](std::string_view lines) { passed += lines; });
      end = log.take_write_end();
      work(log);
      done.set_value();
    });
    done.get_future().wait();
  }
  void write(const std::string& text) const {
    ASSERT_EQ(::write(end.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  static std::string mark(const std::string& id) { return std::string(1, '\0') + id + "\n"; }

  std::string passed;
  Descriptor end;
  http::EventLoop loop;
};

TEST_F(LogTest, WhatIsBehindAMarkIsTheNextOnes) {
  on_loop([&](LogPipe& log) {
    log.begin("a");
    write("one\n" + mark("a") + "two\n" + mark("b") + "three\n");
    EXPECT_EQ(log.take(), "one\n");
    log.hold();
    log.begin("b");
    EXPECT_EQ(log.take(), "two\n");
    log.hold();
    log.begin("c");
    EXPECT_EQ(log.take(), "three\n");
    EXPECT_EQ(passed, "one\ntwo\nthree\n");
  });
}

TEST_F(LogTest, WhoeverHasToKnowRunsBeforeItIsRead) {
  on_loop([&](LogPipe& log) {
    std::vector<int> unread;
    log.before_reading([&] { ::ioctl(end.get(), FIONREAD, &unread.emplace_back()); });
    log.begin("a");
    write("one\n");
    EXPECT_EQ(log.take(), "one\n");
    EXPECT_EQ(log.take(true), "");  // nothing is read
    EXPECT_EQ(unread, std::vector{4});
  });
}

TEST_F(LogTest, WhatHasBeenReadIsNotReadAgain) {
  on_loop([&](LogPipe& log) {
    log.begin("a");
    write("of the next\n");
    EXPECT_EQ(log.take(true), "");
    log.hold();
    log.begin("b");
    EXPECT_EQ(log.take(), "of the next\n");
  });
}

TEST_F(LogTest, ALineWithoutItsEndEndsAtTheMark) {
  on_loop([&](LogPipe& log) {
    log.begin("a");
    write("no end" + mark("a") + "more");
    EXPECT_EQ(log.take(), "no end\n");
    log.hold();
    log.begin("b");
    EXPECT_EQ(log.take(), "more\n");
    EXPECT_EQ(passed, "no endmore");
  });
}

TEST_F(LogTest, WhatOnlyBeginsLikeAMarkIsText) {
  on_loop([&](LogPipe& log) {
    log.begin("abc");
    write(std::string("x\0ab", 4));
    EXPECT_EQ(log.take(), std::string("x\0ab\n", 5));
    log.hold();
    log.begin("abc");
    write(std::string("\0abd\n", 5) + mark("ab"));
    EXPECT_EQ(log.take(), std::string("\0abd\n\0ab\n", 9));
  });
}

TEST_F(LogTest, WithoutAMarkAllIsTheInvocations) {
  on_loop([&](LogPipe& log) {
    log.begin("a");
    write("one\n");
    EXPECT_EQ(log.take(), "one\n");
    log.hold();
    write("between\n");
    log.begin("b");
    write("two\n");
    EXPECT_EQ(log.take(), "between\ntwo\n");
  });
}

}  // namespace
}  // namespace lambdapool::local

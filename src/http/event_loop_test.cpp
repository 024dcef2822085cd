#include "http/event_loop.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>

#include "http/patience.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;

template <class Promise>
bool comes(Promise& promise) {
  return promise.get_future().wait_for(patience) == std::future_status::ready;
}

TEST(EventLoop, RunsWhatIsPostedInOrderOnItsOwnThread) {
  EventLoop loop;
  std::vector<int> order;
  std::promise<void> done;
  EXPECT_FALSE(loop.on_loop_thread());
  for (int i = 0; i < 100; ++i) loop.post([&, i] { order.push_back(i); });
  loop.post([&] {
    EXPECT_TRUE(loop.on_loop_thread());
    done.set_value();
  });
  ASSERT_TRUE(comes(done));
  EXPECT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(EventLoop, ATimerFiresOnceUnlessItsHandleIsGone) {
  EventLoop loop;
  std::promise<void> fired;
  std::unique_ptr<EventLoop::Timer> kept;
  bool dropped_fired = false;
  loop.post([&] {
    auto dropped = loop.call_after(1ms, [&] { dropped_fired = true; });
    kept = loop.call_after(5ms, [&] { fired.set_value(); });
  });
  ASSERT_TRUE(comes(fired));
  EXPECT_FALSE(dropped_fired);
  std::promise<void> released;
  loop.post([&] {
    kept.reset();
    released.set_value();
  });
  ASSERT_TRUE(comes(released));
}

TEST(EventLoop, AWatchTellsEachTimeThatThereIsSomethingToRead) {
  EventLoop loop;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::string read;
  std::promise<void> ended, released;
  std::unique_ptr<EventLoop::Watch> watch;
  loop.post([&] {
    watch = loop.watch_readable(ends[0], [&] {
      char byte = 0;  // one at a time: what is left must be told again
      ssize_t got = ::read(ends[0], &byte, 1);
      if (got == 1) read += byte;
      if (got == 0) {
        watch.reset();
        ended.set_value();
      }
    });
  });
  ASSERT_EQ(::write(ends[1], "abc", 3), 3);
  ::close(ends[1]);
  ASSERT_TRUE(comes(ended));
  EXPECT_EQ(read, "abc");
  EXPECT_EQ(::close(ends[0]), 0) << "the descriptor stays the caller's";
}

TEST(EventLoop, ALibrarysLoopTakesNoneOfTheProgramsSignals) {
  EventLoop loop;
  std::promise<bool> blocked;
  loop.post([&] {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1);
  });
  EXPECT_TRUE(blocked.get_future().get());
  sigset_t ours;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  EXPECT_EQ(sigismember(&ours, SIGINT), 0);
}

TEST(EventLoop, CanBeDestroyedByItsOwnCallback) {
  auto loop = std::make_unique<EventLoop>();
  auto& raw = *loop;
  std::promise<void> over;
  raw.post([held = std::make_shared<std::unique_ptr<EventLoop>>(std::move(loop)), &over] {
    held->reset();
    over.set_value();
  });
  EXPECT_TRUE(comes(over));
}

TEST(EventLoopTest, AnExceptionOfACallbackDoesNotEndTheProgram) {
  EventLoop loop;
  std::promise<void> after;
  testing::internal::CaptureStderr();
  loop.post([] { throw std::runtime_error("a bug"); });
  loop.post([&] { after.set_value(); });
  after.get_future().wait();
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a bug"), std::string::npos);
}

}  // namespace
}  // namespace lambdapool::http

// A loop that other threads than its own run for a moment.
#include "http/helm.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "http/event_loop.hpp"
#include "http/patience.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;

const auto do_nothing = [] {};
const auto yes = [] { return true; };
const auto no = [] { return false; };

struct Helmsman {
  EventLoop loop;

  // As often as it takes: the loop's own thread may be back before this one has come.
  bool drive(const std::function<void()>& begin, const std::function<bool()>& over,
             const std::function<bool()>& idle = yes) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!loop.drive(begin, over, idle)) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.run([this] { loop.stand_back(); });
    }
    return true;
  }
};

TEST(Helm, AThreadRunsTheLoopInThePlaceOfItsOwn) {
  Helmsman at;
  const auto caller = std::this_thread::get_id();
  std::thread::id by;
  while (by != std::this_thread::get_id()) {  // its turn may have ended before the work was run
    std::promise<void> done;
    bool here = false;
    const auto begin = [&] {
      at.loop.post([&] {
        EXPECT_TRUE(at.loop.on_loop_thread());
        EXPECT_EQ(at.loop.is_driven(), std::this_thread::get_id() == caller);
        by = std::this_thread::get_id();
        here = true;
        done.set_value();
      });
    };
    ASSERT_TRUE(at.drive(begin, [&] { return here; }));
    done.get_future().wait();
  }
  EXPECT_FALSE(at.loop.on_loop_thread()) << "when it has left";
}

TEST(Helm, NothingIsDoneWhileTheOwnThreadIsThere) {
  std::promise<void> there, go_on;
  EventLoop loop;  // which ends before what its work uses
  loop.post([&] {
    there.set_value();
    go_on.get_future().wait();
  });
  there.get_future().wait();
  bool begun = false;
  EXPECT_FALSE(loop.drive([&] { begun = true; }, yes, yes));
  EXPECT_FALSE(begun);
  go_on.set_value();
}

TEST(Helm, WhatOthersPostAndWhatBecomesReadableIsRunByWhoIsThere) {
  Helmsman at;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  bool posted = false, read = false;
  std::unique_ptr<EventLoop::Watch> watch;
  std::thread other;
  const auto begin = [&] {
    watch = at.loop.watch_readable(ends[0], [&] {
      EXPECT_TRUE(at.loop.on_loop_thread());
      char byte = 0;
      read = ::read(ends[0], &byte, 1) == 1;
    });
    other = std::thread([&] {
      at.loop.post([&] { posted = true; });
      EXPECT_EQ(::write(ends[1], "a", 1), 1);
    });
  };
  ASSERT_TRUE(at.drive(
      begin, [&] { return posted && read; }, no));
  other.join();
  at.loop.run([&] {  // turn_max may have been over before
    EXPECT_TRUE(posted);
    watch.reset();
  });
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Helm, TheOwnThreadIsCalledByWhatIsPostedLater) {
  Helmsman at;
  ASSERT_TRUE(at.drive(do_nothing, yes));
  std::promise<std::thread::id> by;
  at.loop.post([&] { by.set_value(std::this_thread::get_id()); });
  EXPECT_NE(by.get_future().get(), std::this_thread::get_id());
}

TEST(Helm, NothingThatWasPostedIsLeftBehind) {
  Helmsman at;
  std::promise<void> done;
  ASSERT_TRUE(at.drive([&] { at.loop.post([&] { done.set_value(); }); }, yes));
  done.get_future().wait();
}

TEST(Helm, TheOwnThreadComesBackWhenNobodyDoes) {
  Helmsman at;
  std::promise<std::thread::id> by;
  std::unique_ptr<EventLoop::Timer> timer;
  ASSERT_TRUE(at.drive(
      [&] { timer = at.loop.call_after(1ms, [&] { by.set_value(std::this_thread::get_id()); }); }, yes));
  EXPECT_NE(by.get_future().get(), std::this_thread::get_id());
  at.loop.run([&] { timer.reset(); });
}

TEST(Helm, ATurnEndsWhereNothingComes) {
  Helmsman at;
  EXPECT_TRUE(at.drive(do_nothing, no));
  EXPECT_FALSE(at.loop.on_loop_thread());
}

TEST(Helm, WhatFailsToBeginLeavesTheHelm) {
  Helmsman at;
  EXPECT_THROW(at.drive([] { throw std::runtime_error("no memory"); }, yes), std::runtime_error);
  EXPECT_FALSE(at.loop.on_loop_thread());
  EXPECT_TRUE(at.drive(do_nothing, yes));
}

TEST(Helm, AnExceptionOfACallbackDoesNotEndATurn) {
  Helmsman at;
  bool done = false;
  testing::internal::CaptureStderr();
  const auto begin = [&] {
    at.loop.post([] { throw std::runtime_error("a bug"); });
    at.loop.post([&] { done = true; });
  };
  EXPECT_TRUE(at.drive(begin, [&] { return done; }));
  at.loop.run(do_nothing);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a bug"), std::string::npos);
}

// What runs on the loop shares a counter without a lock, which ThreadSanitizer looks at.
TEST(Helm, OneOfManyThreadsIsThereAtATime) {
  EventLoop loop;
  int calls = 0;
  constexpr int threads = 4, calls_of_each = 2'000;
  const auto work = [&] {
    for (int i = 0; i < calls_of_each; ++i) {
      std::promise<void> done;
      std::atomic<bool> is_done = false;
      const auto begin = [&] {
        loop.post([&] {
          ++calls;
          loop.stand_back();
          is_done = true;
          done.set_value();
        });
      };
      if (!loop.drive(
              begin, [&] { return is_done.load(); }, yes))
        begin();
      done.get_future().wait();
    }
  };
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back(work);
  for (auto& thread : all) thread.join();
  loop.run([&] { EXPECT_EQ(calls, threads * calls_of_each); });
}

TEST(Helm, TheLoopMayEndWhileAnotherThreadRunsIt) {
  auto at = std::make_unique<Helmsman>();
  std::promise<void> there;
  std::thread other([&there, &drives = *at] { EXPECT_TRUE(drives.drive([&] { there.set_value(); }, no)); });
  there.get_future().wait();
  at.reset();
  other.join();
}

TEST(Helm, TheLoopMayBeEndedByWhatAnotherThreadRuns) {
  auto at = std::make_unique<Helmsman>();
  auto& drives = *at;
  bool over = false;
  const auto begin = [&] {
    drives.loop.post([&] {
      at.reset();
      over = true;
    });
  };
  EXPECT_TRUE(drives.drive(begin, [&] { return over; }));
  EXPECT_FALSE(at);
}

}  // namespace
}  // namespace lambdapool::http

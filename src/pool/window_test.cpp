#include "pool/window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "pool/window_for_tests.hpp"

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Lt;
using Verdict = Window::Verdict;
using Loss = Window::Loss;
using Throttle = Window::Throttle;

TEST_F(WindowTest, SendsInOrderOfSubmissionAndNoMoreThanTheWorkers) {
  Window window(3, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 5);
  EXPECT_THAT(sendable(window), ElementsAre(1, 2, 3));
  window.completed(2, now_);
  EXPECT_THAT(sendable(window), ElementsAre(4));
  EXPECT_EQ(window.size(), 4u);
}

TEST_F(WindowTest, CancelsOnlyWhatIsNotInFlight) {
  Window window(1, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 3);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  EXPECT_FALSE(window.cancel(1));
  EXPECT_TRUE(window.cancel(2));
  EXPECT_FALSE(window.cancel(2));
  EXPECT_FALSE(window.cancel(77));
  window.completed(1, now_);
  EXPECT_THAT(sendable(window), ElementsAre(3));
}

TEST_F(WindowTest, AThrottledCallWaitsAndThenGoesBeforeTheQueue) {
  Window window(2, {.throttle_deadline = 5min}, always_least);
  submit(window, 1, 4);
  ASSERT_THAT(sendable(window), ElementsAre(1, 2));
  ASSERT_EQ(window.throttled(1, Throttle::concurrency, now_), Verdict::again);
  EXPECT_THAT(sendable(window), IsEmpty()) << "its place in the window is kept";
  ASSERT_TRUE(window.wake_at(now_));
  window.completed(2, now_);
  now_ += 100ms;
  EXPECT_THAT(sendable(window), ElementsAre(1));
}

TEST_F(WindowTest, AThrottledCallThatWaitsCanBeCancelled) {
  Window window(1, {.throttle_deadline = 5min}, always_least);
  submit(window, 1, 2);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  window.throttled(1, Throttle::concurrency, now_);
  EXPECT_TRUE(window.cancel(1));
  EXPECT_THAT(sendable(window), ElementsAre(2));
}

TEST_F(WindowTest, ACallThatMayHaveRunIsNotSentAgainUnlessAllowed) {
  Window window(1, {.throttle_deadline = 5min}, always_least);
  submit(window, 1, 2);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  EXPECT_EQ(window.may_have_run(1, Loss::service, now_), Verdict::give_up);
  EXPECT_THAT(sendable(window), ElementsAre(2));
}

TEST_F(WindowTest, ACallThatMayRunTwiceIsSentAgainAsOftenAsAllowed) {
  Window window(1, {.throttle_deadline = 5min, .retries = 2}, always_least);
  submit(window, 1, 1);
  for (int again = 0; again < 2; ++again) {
    ASSERT_THAT(sendable(window), ElementsAre(1));
    EXPECT_EQ(window.may_have_run(1, Loss::service, now_), Verdict::again);
    EXPECT_THAT(sendable(window), IsEmpty()) << "it waits a moment";
    now_ += 1s;
  }
  ASSERT_THAT(sendable(window), ElementsAre(1));
  EXPECT_EQ(window.may_have_run(1, Loss::service, now_), Verdict::give_up);
  EXPECT_EQ(window.in_flight(), 0);
}

TEST_F(WindowTest, TheServicesOwnWaitIsKeptWithinFiveSeconds) {
  Window window(1, {.throttle_deadline = 5min}, always_least);
  submit(window, 1, 1);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  window.throttled(1, Throttle::concurrency, now_, 2s);
  now_ += 1'999ms;
  EXPECT_THAT(sendable(window), IsEmpty());
  now_ += 1ms;
  ASSERT_THAT(sendable(window), ElementsAre(1));
  window.throttled(1, Throttle::concurrency, now_, 1h);
  now_ += 5'100ms;
  EXPECT_THAT(sendable(window), ElementsAre(1));
}

TEST_F(WindowTest, OneBurstOfRateThrottlesShrinksTheWindowOnce) {
  Window window(100, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 100);
  ASSERT_EQ(sendable(window).size(), 100u);
  for (Window::Id id = 1; id <= 60; ++id) window.throttled(id, Throttle::rate, now_);
  EXPECT_EQ(window.limit(), 70);
}

TEST_F(WindowTest, ConcurrencyThrottlesLeaveTheWindowThatTheServiceHasRoomFor) {
  Window window(100, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 100);
  ASSERT_EQ(sendable(window).size(), 100u);
  for (Window::Id id = 1; id <= 60; ++id) window.throttled(id, Throttle::concurrency, now_);
  EXPECT_EQ(window.limit(), 40);
}

TEST_F(WindowTest, ACompletionMakesRoomForACallThatWaitsForSome) {
  Window window(10, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 12);
  ASSERT_EQ(sendable(window).size(), 10u);
  for (Window::Id id = 1; id <= 8; ++id) window.throttled(id, Throttle::concurrency, now_);
  EXPECT_THAT(sendable(window), IsEmpty());
  window.completed(9, now_);
  EXPECT_EQ(sendable(window).size(), 1u);
  window.completed(10, now_);
  EXPECT_EQ(sendable(window).size(), 1u);
  EXPECT_EQ(window.in_flight(), 2);
}

TEST_F(WindowTest, ACompletionMakesNoRoomForACallThatWaitsForARate) {
  Window window(2, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 2);
  ASSERT_EQ(sendable(window).size(), 2u);
  window.throttled(1, Throttle::rate, now_);
  window.completed(2, now_);
  EXPECT_THAT(sendable(window), IsEmpty());
}

TEST_F(WindowTest, TheWindowNeverClosesAndGrowsBackWithTime) {
  Window window(100, {.throttle_deadline = 1h}, always_least);
  submit(window, 1, 1'000);
  for (int round = 0; round < 50; ++round) {
    for (auto id : sendable(window)) window.throttled(id, Throttle::concurrency, now_);
    now_ += 5s;
  }
  EXPECT_GE(window.limit(), 1);
  now_ += 20s;
  sendable(window);
  EXPECT_EQ(window.limit(), 100);
}

TEST_F(WindowTest, ARateThrottleHoldsBackTheQueueToo) {
  Window window(10, {.throttle_deadline = 5min}, always_most);
  submit(window, 1, 10);
  ASSERT_EQ(sendable(window).size(), 10u);
  window.throttled(1, Throttle::rate, now_);
  for (Window::Id id = 2; id <= 10; ++id) window.completed(id, now_);
  window.submit(11);
  EXPECT_THAT(sendable(window), IsEmpty());
  auto wake = window.wake_at(now_);
  ASSERT_TRUE(wake);
  EXPECT_GT(*wake, now_);
  now_ += 50ms;
  EXPECT_THAT(sendable(window), ElementsAre(1, 11));
}

TEST_F(WindowTest, GivesUpWhenNothingGotThroughForTheDeadline) {
  Window window(1, {.throttle_deadline = 10s}, always_most);
  window.submit(1);
  auto first = now_;
  auto verdict = Verdict::again;
  while (verdict == Verdict::again && now_ < first + 1min) {
    if (auto id = window.next(now_)) verdict = window.throttled(*id, Throttle::concurrency, now_);
    now_ += 100ms;
  }
  EXPECT_EQ(verdict, Verdict::give_up);
  EXPECT_GE(now_, first + 10s);
  EXPECT_LT(now_, first + 16s);
  EXPECT_EQ(window.size(), 0u);
  EXPECT_EQ(window.in_flight(), 0);
}

TEST_F(WindowTest, TheDeadlineIsThePoolsAndNotThatOfEachCall) {
  Window window(2, {.throttle_deadline = 10s}, always_most);
  submit(window, 1, 40);
  const auto first = now_;
  int attempts = 0;
  while (window.size() > 0 && now_ < first + 100s) {
    for (auto id : sendable(window)) {
      window.throttled(id, Throttle::rate, now_);
      ++attempts;
    }
    now_ += 100ms;
  }
  EXPECT_LT(now_, first + 18s);
  EXPECT_GE(attempts, 40) << "each call has been tried";
}

TEST_F(WindowTest, WorkAfterAnIdleTimeHasAllOfTheDeadline) {
  Window window(1, {.throttle_deadline = 10s}, always_least);
  submit(window, 1, 1);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  ASSERT_EQ(window.throttled(1, Throttle::rate, now_), Verdict::again);
  now_ += 20s;
  ASSERT_THAT(sendable(window), ElementsAre(1));
  ASSERT_EQ(window.throttled(1, Throttle::rate, now_), Verdict::give_up);
  submit(window, 2, 2);
  ASSERT_THAT(sendable(window), ElementsAre(2));
  EXPECT_EQ(window.throttled(2, Throttle::rate, now_), Verdict::again);
}

TEST_F(WindowTest, DoesNotGiveUpWhileItsOwnCallsFillTheService) {
  Window window(2, {.throttle_deadline = 10s}, always_least);
  submit(window, 1, 2);
  ASSERT_EQ(sendable(window).size(), 2u);
  ASSERT_EQ(window.throttled(2, Throttle::concurrency, now_), Verdict::again);
  for (int second = 0; second < 900; ++second) {
    now_ += 1s;
    for (auto id : sendable(window))
      ASSERT_EQ(window.throttled(id, Throttle::concurrency, now_), Verdict::again);
  }
  window.completed(1, now_);
  now_ += 5s;
  EXPECT_THAT(sendable(window), ElementsAre(2));
}

TEST_F(WindowTest, WaitsForTheNetworkUntilNothingHasReachedTheServiceForTheDeadline) {
  Window window(2, {.network_deadline = 120s}, always_most);
  submit(window, 1, 3);
  const auto start = now_;
  std::map<Window::Id, int> attempts;
  std::map<Window::Id, Window::Time> given_up;
  while (window.size() > 0 && now_ < start + 10min) {
    for (auto id : sendable(window)) {
      ++attempts[id];
      if (window.not_reached(id, now_) == Verdict::give_up) given_up[id] = now_;
    }
    now_ += 100ms;
  }
  ASSERT_EQ(given_up.size(), 3u);
  for (const auto& [id, at] : given_up) EXPECT_THAT(at - start, AllOf(Ge(120s), Lt(121s))) << id;
  EXPECT_THAT(attempts[1], AllOf(Ge(20), Lt(60))) << "it backs off";
  EXPECT_EQ(attempts[3], 1) << "it waited behind the others, and has an attempt all the same";
  EXPECT_EQ(window.limit(), 2);
}

TEST_F(WindowTest, AnOutageEndsWithAnyAnswer) {
  Window window(2, {.network_deadline = 120s}, always_least);
  submit(window, 1, 2);
  ASSERT_EQ(sendable(window).size(), 2u);
  EXPECT_EQ(window.not_reached(1, now_), Verdict::again);
  now_ += 110s;
  window.completed(2, now_);
  for (int second = 0; second < 100; second += 6) {
    ASSERT_THAT(sendable(window), ElementsAre(1));
    EXPECT_EQ(window.not_reached(1, now_), Verdict::again);
    now_ += 6s;
  }
}

TEST_F(WindowTest, AnOutageIsToldAfterFiveSecondsAlsoWhenNothingElseHappens) {
  Window window(1, {}, always_most);
  window.submit(1);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  window.not_reached(1, now_);
  now_ += 1s;
  ASSERT_THAT(sendable(window), ElementsAre(1));
  EXPECT_EQ(window.wake_at(now_), now_ + 4s);
  EXPECT_FALSE(window.outage_to_tell(now_));
  now_ += 4s;
  EXPECT_EQ(window.outage_to_tell(now_), 5s);
  EXPECT_FALSE(window.wake_at(now_));
}

TEST_F(WindowTest, WithoutPatienceForTheNetworkACallEndsAtOnce) {
  Window window(1, {.network_deadline = 0s}, always_least);
  window.submit(1);
  ASSERT_THAT(sendable(window), ElementsAre(1));
  EXPECT_EQ(window.not_reached(1, now_), Verdict::give_up);
}

TEST_F(WindowTest, ACallThatMayRunAnyNumberOfTimesOutlastsAnOutage) {
  Window window(1, {.network_deadline = 120s, .retries = 2, .outlasts_outage = true}, always_most);
  window.submit(1);
  const auto start = now_;
  int attempts = 0;
  for (auto verdict = Verdict::again; verdict == Verdict::again && now_ < start + 10min; now_ += 100ms) {
    if (!window.next(now_)) continue;
    ++attempts;
    verdict = window.may_have_run(1, Loss::network, now_);
  }
  EXPECT_EQ(window.size(), 0u);
  EXPECT_THAT(now_ - start, AllOf(Ge(120s), Lt(126s)));
  EXPECT_GT(attempts, 3);
}

TEST_F(WindowTest, ACallThatBreaksEachConnectionEndsAfterItsRetriesWhileOthersGetThrough) {
  Window window(2, {.retries = 2, .outlasts_outage = true}, always_least);
  int attempts = 0;
  submit(window, 1, 100);
  for (bool there = true; there; now_ += 1s) {
    for (auto id : sendable(window)) {
      if (id != 1) {
        window.completed(id, now_);
      } else {
        ++attempts;
        there = window.may_have_run(1, Loss::network, now_) == Verdict::again;
      }
    }
  }
  EXPECT_EQ(attempts, 3);
}

// A service of 40 places and calls of half a second: everything is done, soon, and with few refusals.
TEST_F(WindowTest, SettlesBelowAServicesLimit) {
  Window window(100, {.throttle_deadline = 5min},
                [n = 0]() mutable { return (n = (n * 37 + 11) % 100) / 100.0; });
  submit(window, 1, 2'000);
  std::multimap<Window::Time, Window::Id> running;
  int throttles = 0;
  auto start = now_;
  while (window.size() > 0 && now_ < start + 10min) {
    while (!running.empty() && running.begin()->first <= now_) {
      window.completed(running.begin()->second, now_);
      running.erase(running.begin());
    }
    for (auto id : sendable(window)) {
      if (running.size() < 40) {
        running.emplace(now_ + 500ms, id);
      } else {
        ++throttles;
        ASSERT_EQ(window.throttled(id, Throttle::concurrency, now_), Verdict::again);
      }
    }
    now_ += 5ms;
  }
  EXPECT_EQ(window.size(), 0u);
  EXPECT_LT(now_ - start, 40s) << "25 s is the least there is";
  EXPECT_LT(throttles, 400);
}

}  // namespace
}  // namespace lambdapool::pool

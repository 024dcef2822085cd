// Calls that are sent before their turn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pool/window_for_tests.hpp"

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Throttle = Window::Throttle;

class EarlyWindowTest : public WindowTest {
 protected:
  std::vector<Window::Id> early(Window& window) {
    std::vector<Window::Id> ids;
    while (auto id = window.next_early(now_)) ids.push_back(*id);
    return ids;
  }
  Window window_{2, {.throttle_deadline = 5min}, always_most};
};

TEST_F(EarlyWindowTest, SendsBeforeTheirTurnOnlyWhatTheWindowHasNoRoomFor) {
  submit(window_, 1, 12);
  EXPECT_THAT(early(window_), IsEmpty());
  EXPECT_THAT(sendable(window_), ElementsAre(1, 2));
  EXPECT_THAT(early(window_), ElementsAre(3, 4, 5, 6, 7, 8));
  EXPECT_EQ(window_.in_flight(), 2);
  EXPECT_FALSE(window_.sent_at(3));
  EXPECT_FALSE(window_.cancel(3));
}

TEST_F(EarlyWindowTest, WhatGoesFirstGoesBeforeAllThatWaits) {
  submit(window_, 1, 3);
  window_.submit(4, false, true);
  EXPECT_THAT(sendable(window_), ElementsAre(4, 1));
}

TEST_F(EarlyWindowTest, OneThatBeginsTakesThePlaceOfTheOneBefore) {
  submit(window_, 1, 9);
  sendable(window_), early(window_);
  now_ += 1ms;
  window_.begun(3, now_);
  window_.completed(1, now_);
  EXPECT_EQ(window_.in_flight(), 2);
  EXPECT_EQ(window_.sent_at(3), now_);
  EXPECT_THAT(sendable(window_), IsEmpty());
  EXPECT_THAT(early(window_), ElementsAre(9));
}

TEST_F(EarlyWindowTest, WhatComesBackGoesFirst) {
  submit(window_, 1, 9);
  sendable(window_), early(window_);
  window_.not_begun(4);
  window_.not_begun(3);
  window_.completed(1, now_);
  EXPECT_THAT(sendable(window_), ElementsAre(3));
  EXPECT_TRUE(window_.cancel(4));
}

TEST_F(EarlyWindowTest, IsHadBackWhereItCouldRunElsewhere) {
  submit(window_, 1, 3);
  sendable(window_), early(window_);
  window_.completed(1, now_);
  EXPECT_FALSE(window_.next_to_have_back(now_));  // its worker has it sooner, most likely
  const auto wake = window_.wake_at(now_);
  ASSERT_TRUE(wake);
  EXPECT_EQ(window_.next_to_have_back(*wake), 3u);
  EXPECT_FALSE(window_.next_to_have_back(*wake));
  ASSERT_TRUE(window_.wake_at(*wake));  // its worker may not have got to the one before it yet
  EXPECT_EQ(window_.next_to_have_back(*window_.wake_at(*wake)), 3u);
}

TEST_F(EarlyWindowTest, IsNotOvertakenForLong) {
  submit(window_, 1, 20);
  sendable(window_), early(window_);
  now_ += 1ms;
  EXPECT_FALSE(window_.next_to_have_back(now_));
  now_ += 10ms;
  EXPECT_EQ(window_.next_to_have_back(now_), 3u);
}

TEST_F(EarlyWindowTest, ARowIsHadBackOnceWhereItCouldRunElsewhere) {
  window_.submit(1, true);
  submit(window_, 2, 2);
  sendable(window_);
  EXPECT_FALSE(window_.next_to_have_back(now_ + 1ms));  // all workers have something to do
  window_.completed(2, now_);
  EXPECT_FALSE(window_.next_to_have_back(now_));
  const auto wake = window_.wake_at(now_);
  ASSERT_TRUE(wake);
  EXPECT_EQ(window_.next_to_have_back(*wake), 1u);
  EXPECT_FALSE(window_.next_to_have_back(*wake + 1min));
  EXPECT_FALSE(window_.wake_at(*wake));
  EXPECT_TRUE(window_.is_in_flight(1));
}

TEST_F(EarlyWindowTest, ARowThatNobodyHasTakenIsHadBackLater) {
  window_.submit(1, true);
  sendable(window_);
  const auto asked = *window_.wake_at(now_);
  EXPECT_EQ(window_.next_to_have_back(asked), 1u);
  window_.not_had_back(1, asked);
  EXPECT_FALSE(window_.next_to_have_back(asked));
  EXPECT_EQ(window_.next_to_have_back(*window_.wake_at(asked)), 1u);
  window_.completed(1, asked);
  window_.not_had_back(1, asked);
  EXPECT_THAT(window_.rows(), IsEmpty());
}

TEST_F(EarlyWindowTest, ARowThatTakesLongIsHadBackWhateverElseRuns) {
  window_.submit(1, true);
  submit(window_, 2, 20);
  sendable(window_);
  EXPECT_FALSE(window_.next_to_have_back(now_ + 4ms));
  EXPECT_EQ(window_.next_to_have_back(now_ + 5ms), 1u);
}

TEST_F(EarlyWindowTest, IsNotTriedAgainAtOnceWhereItWasRefused) {
  submit(window_, 1, 9);
  sendable(window_);
  int tries = 0;
  for (Window::Id id = 1; id <= 7; ++id) {
    if (const auto one = window_.next_early(now_)) {
      ++tries;
      window_.refused_early();
      window_.not_begun(*one);
    }
    EXPECT_THAT(early(window_), IsEmpty());
    window_.completed(id, now_);
    sendable(window_);
  }
  EXPECT_EQ(tries, 3);
}

TEST_F(EarlyWindowTest, NothingIsEarlyInAThrottledWindow) {
  submit(window_, 1, 9);
  sendable(window_);
  window_.throttled(1, Throttle::concurrency, now_);
  EXPECT_THAT(early(window_), IsEmpty());
}

}  // namespace
}  // namespace lambdapool::pool

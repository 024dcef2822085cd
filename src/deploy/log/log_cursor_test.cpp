#include "deploy/log/log_cursor.hpp"

#include <gtest/gtest.h>

namespace lambdapool::deploy {
namespace {

constexpr std::int64_t now_ms = 200'000;

TEST(LogCursor, IsNotLedAstrayByAnEventOfTheFuture) {
  LogCursor cursor(0);
  EXPECT_TRUE(cursor.is_new("ahead", 7'400'000, now_ms));
  EXPECT_LE(cursor.start_ms(), now_ms);
  cursor.page_done();
  EXPECT_TRUE(cursor.is_new("now", now_ms, now_ms));
  EXPECT_FALSE(cursor.is_new("ahead", 7'400'000, now_ms));
}

TEST(LogCursor, ShowsAnEventOnceHoweverOftenItComes) {
  LogCursor cursor(1'000);
  EXPECT_EQ(cursor.start_ms(), 1'000);
  EXPECT_TRUE(cursor.is_new("a", 2'000, now_ms));
  cursor.page_done();
  EXPECT_FALSE(cursor.is_new("a", 2'000, now_ms));
}

TEST(LogCursor, RemembersOnlyWhatTheNextQuestionMayBringAgain) {
  LogCursor cursor(0);
  EXPECT_TRUE(cursor.is_new("a", 1'000, now_ms));
  EXPECT_TRUE(cursor.is_new("b", 100'000, now_ms));
  cursor.page_done();
  EXPECT_TRUE(cursor.is_new("a", 1'000, now_ms)) << "the next question begins later, so it can't come";
  EXPECT_FALSE(cursor.is_new("b", 100'000, now_ms));
}

TEST(LogCursor, ReachesBackForEventsThatTurnUpLate) {
  LogCursor cursor(1'000);
  EXPECT_TRUE(cursor.is_new("b", 100'000, now_ms));
  cursor.page_done();
  EXPECT_EQ(cursor.start_ms(), 70'000);
  EXPECT_TRUE(cursor.is_new("late", 75'000, now_ms));
  cursor.page_done();
  EXPECT_FALSE(cursor.is_new("late", 75'000, now_ms));
  EXPECT_FALSE(cursor.is_new("b", 100'000, now_ms));
}

}  // namespace
}  // namespace lambdapool::deploy

#include "aws/logs/logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/logs/log_cursor.hpp"

namespace lambdapool::aws::logs {
namespace {

using testing::HasSubstr;

http::Response answer(std::string body, int status = 200, http::Headers headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

TEST(FilterLogEvents, AnEmptyPageWithATokenIsAPageLikeAnyOther) {
  const auto page = parse_filter_log_events(answer(R"({"events":[],"nextToken":"t"})"));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_TRUE(page->events.empty());
  EXPECT_EQ(page->next_token, "t");
}

TEST(FilterLogEvents, AGroupThatDoesNotExistIsNotFound) {
  const auto page = parse_filter_log_events(answer(
      R"({"__type":"ResourceNotFoundException","message":"The specified log group does not exist."})", 400));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, ErrorKind::not_found);
}

TEST(FilterLogEvents, WhatIsNoPageIsRefused) {
  for (const char* body : {"<html>", "[]", R"({"events":[1]})"}) {
    const auto page = parse_filter_log_events(answer(body));
    ASSERT_FALSE(page) << body;
    EXPECT_THAT(page.error().message, HasSubstr("CloudWatch Logs endpoint"));
  }
}

constexpr std::int64_t now_ms = 200'000;

TEST(LogCursor, IsNotLedAstrayByAnEventOfTheFuture) {
  LogCursor cursor(0);
  EXPECT_TRUE(cursor.is_new({"ahead", "s", 7'400'000, ""}, now_ms));
  EXPECT_LE(cursor.start_ms(), now_ms);
  cursor.page_done();
  EXPECT_TRUE(cursor.is_new({"now", "s", now_ms, ""}, now_ms));
  EXPECT_FALSE(cursor.is_new({"ahead", "s", 7'400'000, ""}, now_ms));
}

TEST(LogCursor, ShowsAnEventOnceHoweverOftenItComes) {
  LogCursor cursor(1'000);
  EXPECT_EQ(cursor.start_ms(), 1'000);
  EXPECT_TRUE(cursor.is_new({"a", "s", 2'000, ""}, now_ms));
  cursor.page_done();
  EXPECT_FALSE(cursor.is_new({"a", "s", 2'000, ""}, now_ms));
}

TEST(LogCursor, RemembersOnlyWhatTheNextQuestionMayBringAgain) {
  LogCursor cursor(0);
  EXPECT_TRUE(cursor.is_new({"a", "s", 1'000, ""}, now_ms));
  EXPECT_TRUE(cursor.is_new({"b", "s", 100'000, ""}, now_ms));
  cursor.page_done();
  EXPECT_TRUE(cursor.is_new({"a", "s", 1'000, ""}, now_ms))
      << "the next question begins later, so it can't come";
  EXPECT_FALSE(cursor.is_new({"b", "s", 100'000, ""}, now_ms));
}

TEST(LogCursor, ReachesBackForEventsThatTurnUpLate) {
  LogCursor cursor(1'000);
  EXPECT_TRUE(cursor.is_new({"b", "s", 100'000, ""}, now_ms));
  cursor.page_done();
  EXPECT_EQ(cursor.start_ms(), 70'000);
  EXPECT_TRUE(cursor.is_new({"late", "s", 75'000, ""}, now_ms));
  cursor.page_done();
  EXPECT_FALSE(cursor.is_new({"late", "s", 75'000, ""}, now_ms));
  EXPECT_FALSE(cursor.is_new({"b", "s", 100'000, ""}, now_ms));
}

}  // namespace
}  // namespace lambdapool::aws::logs

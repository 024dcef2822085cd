#include "aws/logs/logs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lambdapool::aws::logs

#include "core/retry.hpp"

#include <gtest/gtest.h>

namespace lambdapool::retry {
namespace {

using namespace std::chrono_literals;

Error answer(int status, std::string code) {
  Error error;
  error.http_status = status;
  error.code = std::move(code);
  return error;
}

Error no_answer(ErrorKind kind) {
  Error error;
  error.kind = kind;
  return error;
}

TEST(Classify, TellsThrottlesFromTransientAndPermanentFailures) {
  EXPECT_EQ(classify(answer(429, "")), ErrorClass::throttled);
  EXPECT_EQ(classify(answer(400, "ThrottlingException")), ErrorClass::throttled);
  EXPECT_EQ(classify(answer(400, "Throttling")), ErrorClass::throttled);
  EXPECT_EQ(classify(answer(503, "SlowDown")), ErrorClass::throttled);
  EXPECT_EQ(classify(answer(502, "EC2ThrottledException")), ErrorClass::throttled);
  for (const int status : {500, 502, 503, 504})
    EXPECT_EQ(classify(answer(status, "")), ErrorClass::transient);
  EXPECT_EQ(classify(answer(400, "RequestTimeout")), ErrorClass::transient);
  EXPECT_EQ(classify(no_answer(ErrorKind::network)), ErrorClass::transient);
  EXPECT_EQ(classify(no_answer(ErrorKind::timed_out)), ErrorClass::transient);
  EXPECT_EQ(classify(no_answer(ErrorKind::cancelled)), ErrorClass::permanent);
  EXPECT_EQ(classify(no_answer(ErrorKind::credentials)), ErrorClass::permanent);
  EXPECT_EQ(classify(answer(409, "ResourceConflictException")), ErrorClass::permanent);
  EXPECT_EQ(classify(answer(404, "ResourceNotFoundException")), ErrorClass::permanent);
  EXPECT_EQ(classify(answer(501, "")), ErrorClass::permanent);
}

TEST(Attempts, AreThreeWithGrowingDelays) {
  Budget budget;
  Attempts attempts;
  EXPECT_EQ(attempts.failed(ErrorClass::transient, budget, 1.0), 50ms);
  EXPECT_EQ(attempts.failed(ErrorClass::transient, budget, 0.5), 50ms);
  EXPECT_EQ(attempts.failed(ErrorClass::transient, budget, 1.0), std::nullopt);
  EXPECT_EQ(attempts.made(), 3);
  EXPECT_EQ(budget.tokens(), 500 - 2 * 14);
}

TEST(Attempts, WaitLongerWhenThrottledButAtMostTwentySeconds) {
  Budget budget;
  Policy policy;
  policy.max_attempts = 100;
  Attempts attempts(policy);
  EXPECT_EQ(attempts.failed(ErrorClass::throttled, budget, 0.25), 250ms);
  EXPECT_EQ(attempts.failed(ErrorClass::throttled, budget, 1.0), 2s);
  EXPECT_EQ(budget.tokens(), 490);
  for (int i = 0; i < 50; ++i) attempts.failed(ErrorClass::throttled, budget, 1.0);
  EXPECT_EQ(attempts.failed(ErrorClass::throttled, budget, 1.0), 20s);
}

TEST(Attempts, AreNotMadeAfterAPermanentFailure) {
  Budget budget;
  EXPECT_EQ(Attempts().failed(ErrorClass::permanent, budget, 1.0), std::nullopt);
  EXPECT_EQ(budget.tokens(), 500);
}

TEST(Attempts, StopWhenTheBudgetIsSpentAndResumeAsCallsSucceed) {
  Budget budget(15);
  Attempts first;
  EXPECT_TRUE(first.failed(ErrorClass::transient, budget, 0.0));
  EXPECT_FALSE(Attempts().failed(ErrorClass::transient, budget, 0.0));
  first.succeeded(budget);
  EXPECT_EQ(budget.tokens(), 15);
  EXPECT_TRUE(Attempts().failed(ErrorClass::transient, budget, 0.0));
  Attempts().succeeded(budget);
  EXPECT_EQ(budget.tokens(), 2);
}

TEST(Attempts, HeedRetryAfterWithinFiveSecondsOfTheirOwnDelay) {
  const auto delay = [](std::chrono::milliseconds retry_after) {
    Budget budget;
    return *Attempts().failed(ErrorClass::throttled, budget, 0.5, retry_after);
  };
  EXPECT_EQ(delay(1500ms), 1500ms);
  EXPECT_EQ(delay(1ms), 500ms);
  EXPECT_EQ(delay(60s), 5500ms);
  EXPECT_EQ(parse_retry_after("1500"), 1500ms);
  for (const char* header : {"", "-1", "1.5", "soon", "99999999999999999999"}) {
    EXPECT_EQ(parse_retry_after(header), std::nullopt) << header;
  }
}

TEST(Invoke, IsSentAgainOnlyWhereTheAnswerSaysThatNothingRan) {
  EXPECT_TRUE(has_not_run(answer(429, "TooManyRequestsException")));
  EXPECT_TRUE(has_not_run(answer(502, "ResourceNotReadyException")));
  EXPECT_FALSE(has_not_run(answer(500, "ServiceException")));
  EXPECT_FALSE(has_not_run(answer(502, "")));
  EXPECT_FALSE(has_not_run(answer(504, "")));
  EXPECT_FALSE(has_not_run(no_answer(ErrorKind::network)));
}

TEST(Invoke, WaitsBetweenHalfAndAllOfAGrowingDelayWhenThrottled) {
  EXPECT_EQ(throttled_invoke_delay(1, 0.0), 25ms);
  EXPECT_EQ(throttled_invoke_delay(1, 1.0), 50ms);
  EXPECT_EQ(throttled_invoke_delay(3, 0.5), 150ms);
  EXPECT_EQ(throttled_invoke_delay(1000, 0.0), 2500ms);
  EXPECT_EQ(throttled_invoke_delay(1000, 1.0), 5s);
}

}  // namespace
}  // namespace lambdapool::retry

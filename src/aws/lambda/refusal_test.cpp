#include "aws/lambda/refusal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string explained(Error error, const char* function, const char* target = "aws") {
  explain_refusal(error, function, target, "eu-west-1");
  return error.message;
}

const Error absent{ErrorKind::not_found, "Function not found: arn:f", "ResourceNotFoundException", "id", 404};

TEST(Refusal, OfAFunctionThatIsNotThereSaysWhereAndHowToMakeIt) {
  EXPECT_THAT(explained(absent, "f"),
              AllOf(HasSubstr("no function f in eu-west-1"), HasSubstr("lambdapool create f"),
                    HasSubstr("Function not found: arn:f")));
  EXPECT_THAT(explained(absent, "f", "local"), HasSubstr("on the target local"));
  EXPECT_THAT(explained(absent, "f:prod"), HasSubstr("no version or alias prod of a function f"));
}

TEST(Refusal, WithoutAnActionNamesTheOneThatAPoolNeeds) {
  EXPECT_THAT(explained({ErrorKind::access_denied, "access denied: Forbidden", "", "", 403},
                        "123456789012:function:f"),
              AllOf(HasSubstr("lambda:InvokeFunction"), HasSubstr("`lambdapool policy invoke f`")));
}

std::string throttled(const std::string& reason, const char* target = "aws") {
  Error error{ErrorKind::throttled, "Rate Exceeded.", "TooManyRequestsException", "", 429};
  error.reason = reason;
  return explain_throttle(error, "f:prod", target, "eu-west-1");
}

TEST(Refusal, ByThrottlingNamesTheLimitAndWhere) {
  EXPECT_THAT(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"),
              AllOf(HasSubstr("reserved for f in eu-west-1 is 0 or in use"),
                    HasSubstr("`lambdapool update f --concurrency N`")));
  EXPECT_THAT(throttled("ReservedFunctionConcurrentInvocationLimitExceeded", "local"),
              HasSubstr("reserved for f on the target local"));
  EXPECT_THAT(throttled("ReservedFunctionInvocationRateLimitExceeded"), HasSubstr("calls a second"));
  EXPECT_THAT(throttled("ConcurrentInvocationLimitExceeded"),
              AllOf(HasSubstr("the account's concurrency in eu-west-1"), HasSubstr("quota")));
  EXPECT_THAT(throttled("ConcurrentInvocationLimitExceeded", "local"), Not(HasSubstr("quota")));
  EXPECT_THAT(throttled("FunctionInvocationRateLimitExceeded"), HasSubstr("f in eu-west-1 may not"));
  EXPECT_THAT(throttled("CallerRateLimitExceeded"), HasSubstr("requests a second"));
  EXPECT_THAT(throttled("SomethingNew"), HasSubstr("use fewer workers"));
}

TEST(Refusal, ThatIsNoneStaysAsItIs) {
  EXPECT_EQ(explained({ErrorKind::timed_out, "timed out", "Sandbox.Timedout", "", 200}, "f"), "timed out");
}

struct Reason {
  const char* text;
  cloud::Throttle throttle;
};

class Reasons : public testing::TestWithParam<Reason> {};

TEST_P(Reasons, SayWhatThereIsTooMuchOf) {
  const auto& [text, throttle] = GetParam();
  Error refusal{ErrorKind::throttled, "Rate Exceeded.", "TooManyRequestsException", "", 429};
  refusal.reason = text;
  EXPECT_EQ(throttle_of(refusal), throttle) << text;
}

// botocore's ThrottleReason.
INSTANTIATE_TEST_SUITE_P(
    All, Reasons,
    testing::Values(Reason{"ConcurrentInvocationLimitExceeded", cloud::Throttle::concurrency},
                    Reason{"FunctionInvocationRateLimitExceeded", cloud::Throttle::rate},
                    Reason{"ReservedFunctionConcurrentInvocationLimitExceeded", cloud::Throttle::concurrency},
                    Reason{"ReservedFunctionInvocationRateLimitExceeded", cloud::Throttle::rate},
                    Reason{"CallerRateLimitExceeded", cloud::Throttle::rate},
                    Reason{"ConcurrentSnapshotCreateLimitExceeded", cloud::Throttle::concurrency}));

TEST(Refusal, WithoutAReasonIsOfRateAndOfAResourceThatIsNotReadyOfCapacity) {
  EXPECT_EQ(throttle_of({ErrorKind::throttled, "Rate exceeded", "ThrottlingException", "", 400}),
            cloud::Throttle::rate);
  EXPECT_EQ(throttle_of({ErrorKind::service, "not ready", "ResourceNotReadyException", "", 502}),
            cloud::Throttle::concurrency);
}

}  // namespace
}  // namespace lambdapool::aws

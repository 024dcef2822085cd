#include "pool/failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/lambda/lambda.hpp"

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;
using Kind = Failure::Kind;
using Reached = http::TransportError::Reached;
using Throttle = Window::Throttle;

Failure of(int status, const std::string& code, const std::string& body, http::Headers headers = {}) {
  http::Response response{status, {{"x-amzn-errortype", code}, {"x-amzn-requestid", "the-id"}}, body};
  return judge(aws::service_error(response), headers);
}

struct Answer {
  int status;
  const char* code;
  Kind kind;
};

class Answers : public testing::TestWithParam<Answer> {};

TEST_P(Answers, AreJudgedByWhetherTheFunctionMayHaveRun) {
  const auto& [status, code, kind] = GetParam();
  const auto failure = of(status, code, R"({"message":"Signature expired: 2026"})");
  EXPECT_EQ(failure.kind, kind) << status << " " << code;
  EXPECT_EQ(failure.error.request_id, "the-id");
}

INSTANTIATE_TEST_SUITE_P(All, Answers,
                         testing::Values(Answer{400, "InvalidParameterValueException", Kind::final},
                                         Answer{403, "AccessDeniedException", Kind::final},
                                         Answer{403, "ExpiredTokenException", Kind::expired_token},
                                         Answer{403, "InvalidSignatureException", Kind::wrong_time},
                                         Answer{404, "ResourceNotFoundException", Kind::final},
                                         Answer{409, "ResourceConflictException", Kind::final},
                                         Answer{413, "RequestEntityTooLargeException", Kind::final},
                                         Answer{429, "TooManyRequestsException", Kind::throttled},
                                         Answer{400, "ThrottlingException", Kind::throttled},
                                         Answer{502, "EC2ThrottledException", Kind::throttled},
                                         Answer{409, "SnapStartNotReadyException", Kind::throttled},
                                         Answer{500, "ServiceException", Kind::may_have_run},
                                         Answer{502, "", Kind::may_have_run},
                                         Answer{503, "", Kind::may_have_run},
                                         Answer{504, "", Kind::may_have_run}));

TEST(Failure, AFunctionsOwnErrorIsFinalWhateverItsName) {
  for (const char* name :
       {"TooManyRequestsException", "ExpiredTokenException", "InvalidSignatureException"}) {
    const Error own{
        .kind = ErrorKind::function_error, .message = "Signature expired", .code = name, .http_status = 200};
    EXPECT_EQ(judge(own, {}).kind, Kind::final) << name;
  }
}

struct Reason {
  const char* text;
  Throttle throttle;
};

class Reasons : public testing::TestWithParam<Reason> {};

TEST_P(Reasons, SayWhatThereIsTooMuchOf) {
  const auto& [text, throttle] = GetParam();
  const auto body = R"({"Reason":")" + std::string(text) + R"(","message":"Rate Exceeded."})";
  EXPECT_EQ(of(429, "TooManyRequestsException", body).reason, throttle) << text;
}

// botocore's ThrottleReason.
INSTANTIATE_TEST_SUITE_P(
    All, Reasons,
    testing::Values(Reason{"ConcurrentInvocationLimitExceeded", Throttle::concurrency},
                    Reason{"FunctionInvocationRateLimitExceeded", Throttle::rate},
                    Reason{"ReservedFunctionConcurrentInvocationLimitExceeded", Throttle::concurrency},
                    Reason{"ReservedFunctionInvocationRateLimitExceeded", Throttle::rate},
                    Reason{"CallerRateLimitExceeded", Throttle::rate},
                    Reason{"ConcurrentSnapshotCreateLimitExceeded", Throttle::concurrency}));

TEST(Failure, AThrottleWithoutAReasonIsOfRateAndAResourceThatIsNotReadyOfCapacity) {
  EXPECT_EQ(of(400, "ThrottlingException", R"({"message":"Rate exceeded"})").reason, Throttle::rate);
  EXPECT_EQ(of(502, "ResourceNotReadyException", "{}").reason, Throttle::concurrency);
}

TEST(Failure, BothHeadersThatSayWhenToComeBackAreRead) {
  EXPECT_EQ(of(429, "", "{}", {{"Retry-After", "2"}}).retry_after, 2s);
  EXPECT_EQ(of(429, "", "{}", {{"x-amz-retry-after", "1500"}, {"Retry-After", "2"}}).retry_after, 1500ms);
  EXPECT_EQ(of(429, "", "{}", {{"Retry-After", "Sun, 22 Nov 2026 23:00:00 GMT"}}).retry_after, std::nullopt);
  EXPECT_EQ(of(429, "", "{}").retry_after, std::nullopt);
}

Failure without_answer(Reached reached, ErrorKind kind, int status = 0) {
  Error error{kind, "broken"};
  error.http_status = status;
  return judge(http::TransportError{reached, error, {}});
}

TEST(Failure, WithoutAnAnswerItDependsOnWhatWasSent) {
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network).kind, Kind::not_reached);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::network).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::protocol).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::timed_out).kind, Kind::may_have_run);
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::invalid_argument).kind, Kind::final);
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::cancelled).kind, Kind::final);
}

TEST(Failure, AProxyThatRefusesForGoodIsNotAskedAgain) {
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network, 407).kind, Kind::final);
  EXPECT_EQ(without_answer(Reached::no, ErrorKind::network, 503).kind, Kind::not_reached);
}

TEST(Failure, ATimeoutOfTheConnectionIsNotTheFunctionsOwn) {
  EXPECT_EQ(without_answer(Reached::maybe, ErrorKind::timed_out).error.kind, ErrorKind::network);
}

TEST(Failure, HalfAnAnswerHasARequestIdAlready) {
  const auto failure = judge(http::TransportError{
      Reached::maybe, Error{ErrorKind::network, "broken"}, {{"x-amzn-RequestId", "half"}}});
  EXPECT_EQ(failure.error.request_id, "half");
}

}  // namespace
}  // namespace lambdapool::pool

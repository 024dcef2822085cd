#include "target/run_caller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/part_frames.hpp"
#include "http/body_stream.hpp"
#include "target/open_caller.hpp"

namespace lambdapool::target {
namespace {

using testing::HasSubstr;
using Kind = cloud::Failure::Kind;

std::unique_ptr<cloud::Caller> run_caller(const std::string& function = "My_Function") {
  Target target;
  target.name = "gcp-local";
  target.region = "us-central1";
  target.google = Google{"project", std::make_shared<identity::Tokens>(gcp::Token{"token", "a test"})};
  auto caller = open_caller(target, function);
  EXPECT_TRUE(caller);
  return std::move(*caller);
}

cloud::Failure failure_of(http::Response response) {
  auto judged = run_caller()->judge(std::move(response));
  EXPECT_TRUE(std::holds_alternative<cloud::Failure>(judged));
  return std::get<cloud::Failure>(judged);
}

TEST(RunCaller, SendsATaskToTheServicesOwnAddress) {
  http::Request request;
  request.body = "{}";
  cloud::Signature signature;
  run_caller()->sign(request, signature);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/_run/project/us-central1/my-function/");
  EXPECT_EQ(request.headers.get("Authorization"), "Bearer token");
}

TEST(RunCaller, TakesAnOutcomeWithItsLog) {
  auto judged = run_caller()->judge({200, {{"X-Lambdapool-Log", "aGVsbG8="}}, "{}"});
  ASSERT_TRUE(std::holds_alternative<cloud::Invoked>(judged));
  EXPECT_EQ(std::get<cloud::Invoked>(judged).payload, "{}");
  EXPECT_EQ(std::get<cloud::Invoked>(judged).log_tail_base64, "aGVsbG8=");
}

TEST(RunCaller, TellsWhatBecameOfATaskAsOnLambda) {
  const auto late =
      failure_of({200,
                  {{"X-Lambdapool-Error", "Sandbox.Timedout"}},
                  R"({"errorType":"Sandbox.Timedout","errorMessage":"Task timed out after 3.00 seconds"})"});
  EXPECT_EQ(late.kind, Kind::final);
  EXPECT_EQ(late.error.kind, ErrorKind::timed_out);
  EXPECT_THAT(late.error.message, HasSubstr("timed out after 3.00 seconds"));
}

TEST(RunCaller, TakesAStreamWhereTheWorkerHasOne) {
  const auto caller = run_caller();
  caller->ask_for_output();
  std::string ahead;
  http::Request several, one;
  caller->stream(several, [&](std::string_view piece) { ahead += piece; });
  cloud::Signature signature;
  for (auto* request : {&several, &one}) {
    caller->sign(*request, signature);
    EXPECT_THAT(std::string(request->headers.get("Accept")), HasSubstr("application/vnd.lambdapool.parts"));
    EXPECT_EQ(request->headers.get("X-Lambdapool-Output"), "live");
    const http::Headers stream{{"Content-Type", "application/vnd.lambdapool.parts"}};
    ASSERT_TRUE(request->reader && request->reader->takes(200, stream));
    EXPECT_TRUE(request->reader->read(part_frame('P', {0, 1}, "x")));
  }
  EXPECT_EQ(ahead, part_frame('P', {0, 1}, "x"));
}

cloud::Failure failure_of(http::Headers headers, bool cut_off) {
  return run_caller()->judge(http::TransportError{
      http::TransportError::Reached::maybe, {ErrorKind::network, "it broke"}, std::move(headers), cut_off});
}

TEST(RunCaller, KnowsTheEndOfAnInstanceByTheEndOfItsStream) {
  const http::Headers stream{{"Content-Type", "application/vnd.lambdapool.parts"},
                             {"X-Lambdapool-Request", "r"}};
  const auto died = failure_of(stream, true);
  EXPECT_EQ(died.kind, Kind::may_have_run);
  EXPECT_EQ(died.error.kind, ErrorKind::worker_died);
  EXPECT_EQ(died.error.request_id, "r");
  EXPECT_THAT(died.error.message, HasSubstr("the function My_Function has ended in the middle"));
  EXPECT_EQ(failure_of(stream, false).error.kind, ErrorKind::network);
  EXPECT_EQ(failure_of({}, true).error.kind, ErrorKind::network) << "nothing of a stream had come";
}

TEST(RunCaller, IsToldByTheLocalServiceWhatHasNotRun) {
  const auto failure = failure_of({503, {{"X-Lambdapool-Not-Run", "1"}}, "Container failed to start."});
  EXPECT_EQ(failure.kind, Kind::final);
  EXPECT_EQ(failure.error.kind, ErrorKind::service);
}

struct PlatformAnswer {
  int status;
  Kind kind;
  ErrorKind error;
};

class PlatformAnswers : public testing::TestWithParam<PlatformAnswer> {};

TEST_P(PlatformAnswers, SayWhetherTheTaskMayHaveRun) {
  const auto failure = failure_of({GetParam().status, {}, "why\n"});
  EXPECT_EQ(failure.kind, GetParam().kind);
  EXPECT_EQ(failure.error.kind, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(All, PlatformAnswers,
                         testing::Values(PlatformAnswer{401, Kind::expired_token, ErrorKind::access_denied},
                                         PlatformAnswer{403, Kind::final, ErrorKind::access_denied},
                                         PlatformAnswer{404, Kind::final, ErrorKind::not_found},
                                         PlatformAnswer{413, Kind::final, ErrorKind::payload_too_large},
                                         PlatformAnswer{429, Kind::throttled, ErrorKind::throttled},
                                         PlatformAnswer{500, Kind::may_have_run, ErrorKind::service},
                                         PlatformAnswer{503, Kind::may_have_run, ErrorKind::service},
                                         PlatformAnswer{504, Kind::ran, ErrorKind::timed_out}));

}  // namespace
}  // namespace lambdapool::target

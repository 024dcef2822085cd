#include "gcp/attempt.hpp"

#include <gtest/gtest.h>

namespace lambdapool::gcp {
namespace {

using namespace std::chrono_literals;
using Kind = cloud::Failure::Kind;

TEST(Attempt, OfARefusalIsMadeAgainWhenTheServiceSaysSo) {
  const http::Response refusal{
      429,
      {},
      R"({"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"reason":"R"},)"
      R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]}})"};
  const auto failure = judge(refusal);
  EXPECT_EQ(failure.kind, Kind::throttled);
  EXPECT_EQ(failure.retry_after, 1'500ms);
  EXPECT_EQ(failure.error.message, "quota");
  EXPECT_EQ(judge(http::Response{503, {{"Retry-After", "7"}}, "busy"}).retry_after, 7s);
  EXPECT_EQ(
      judge(http::Response{429, {}, R"({"error":{"details":[{"retryDelay":"99999999s"}]}})"}).retry_after,
      std::nullopt);
}

TEST(Attempt, IsJudgedByItsStatus) {
  const std::pair<int, Kind> known[] = {
      {400, Kind::final},        {401, Kind::expired_token}, {403, Kind::final},
      {404, Kind::final},        {408, Kind::may_have_run},  {409, Kind::final},
      {429, Kind::throttled},    {500, Kind::may_have_run},  {503, Kind::may_have_run},
      {504, Kind::may_have_run}, {413, Kind::final}};
  for (const auto& [status, kind] : known)
    EXPECT_EQ(judge(http::Response{status, {}, "<html>"}).kind, kind) << status;
}

TEST(Attempt, ThatGotNoAnswerMayHaveArrived) {
  using Reached = http::TransportError::Reached;
  const Error lost{ErrorKind::network, "lost"};
  EXPECT_EQ(judge(tl::unexpected(http::TransportError{Reached::maybe, lost})).kind, Kind::may_have_run);
  EXPECT_EQ(judge(tl::unexpected(http::TransportError{Reached::no, lost})).kind, Kind::not_reached);
  const Error cancelled{ErrorKind::cancelled, "cancelled"};
  EXPECT_EQ(judge(tl::unexpected(http::TransportError{Reached::maybe, cancelled})).kind, Kind::final);
}

}  // namespace
}  // namespace lambdapool::gcp

#include "pool/doubt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/envelope.hpp"

namespace lambdapool::pool {
namespace {

using testing::HasSubstr;

http::Response outcome(const std::string& echo) {
  return {200, {}, envelope::encode(envelope::Direction::outcome, {"pickle", "3.11", echo}, "abc")};
}

TEST(Doubt, BelievesTheAnswerThatRepeatsWhatTheCallCarried) {
  EXPECT_FALSE(doubt_about(outcome("a-1"), "a-1", "f"));
}

TEST(Doubt, LearnsTheFunctionsTimeoutFromAnAnswerThatItBelieves) {
  const http::Response response{200,
                                {},
                                envelope::encode(envelope::Direction::outcome,
                                                 {"pickle", "3.11", "a-1", std::chrono::seconds(42)}, "")};
  envelope::Told told;
  EXPECT_TRUE(doubt_about(response, "a-2", "f", &told));
  EXPECT_FALSE(told.timeout);
  EXPECT_FALSE(doubt_about(response, "a-1", "f", &told));
  EXPECT_EQ(told.timeout, std::chrono::seconds(42));
}

TEST(Doubt, TakesNoOtherCallsAnswerForThisOne) {
  const auto doubt = doubt_about(outcome("a-1"), "a-2", "f");
  ASSERT_TRUE(doubt);
  EXPECT_EQ(doubt->kind, ErrorKind::protocol);
  EXPECT_THAT(doubt->message, HasSubstr("belongs to another call"));
}

TEST(Doubt, SaysOfAWorkerThatRepeatsNothingHowItIsDeployedAgain) {
  const auto doubt = doubt_about(outcome(""), "a-2", "f");
  ASSERT_TRUE(doubt);
  EXPECT_EQ(doubt->kind, ErrorKind::code_mismatch);
  EXPECT_THAT(doubt->message, HasSubstr("`lambdapool update f PATHS`"));
}

TEST(Doubt, CannotReadAnAnswerThatIsEmptyCutOffOrCompressed) {
  const auto whole = outcome("a-1").body;
  for (const std::string& body :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("\x1f\x8b\x08\x00", 4)}) {
    const auto doubt = doubt_about({200, {}, body}, "a-1", "f");
    ASSERT_TRUE(doubt) << body;
    EXPECT_EQ(doubt->kind, ErrorKind::protocol);
  }
  const auto compressed = doubt_about({200, {{"content-encoding", "gzip"}}, "\x1f\x8b"}, "a-1", "f");
  ASSERT_TRUE(compressed);
  EXPECT_THAT(compressed->message, HasSubstr("Content-Encoding is gzip"));
}

TEST(Doubt, BelievesAnythingWhereNothingWasToBeRepeated) {
  EXPECT_FALSE(doubt_about({200, {}, "42"}, "", "f"));
}

}  // namespace
}  // namespace lambdapool::pool

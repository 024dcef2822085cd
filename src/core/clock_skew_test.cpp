#include "core/clock_skew.hpp"

#include <gtest/gtest.h>

#include "core/sigv4.hpp"

namespace lambdapool::clock_skew {
namespace {

using namespace std::chrono_literals;

const Time now = *sigv4::parse_amz_date("20261122T220000Z");
constexpr const char* an_hour_later = "Sun, 22 Nov 2026 23:00:00 GMT";

Error refusal(const char* code, const char* message = "") {
  return {.kind = ErrorKind::credentials, .message = message, .code = code, .http_status = 403};
}

struct Case {
  const char* code;
  const char* message;
  bool corrected;
};

class Refusals : public testing::TestWithParam<Case> {};

TEST_P(Refusals, AreCorrectedWhereTheyAreAboutTime) {
  const auto& [code, message, corrected] = GetParam();
  EXPECT_EQ(correction(refusal(code, message), an_hour_later, now, 0s).has_value(), corrected);
}

INSTANTIATE_TEST_SUITE_P(
    All, Refusals,
    testing::Values(Case{"InvalidSignatureException", "Signature expired: 2026 is now earlier than", true},
                    Case{"InvalidSignatureException", "Signature not yet current: 2026 is still later", true},
                    Case{"InvalidSignatureException", "The signature we calculated does not match", false},
                    Case{"SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than", true},
                    Case{"SignatureDoesNotMatch", "check your key", false},
                    Case{"RequestTimeTooSkewed", "", true}, Case{"RequestExpired", "", true},
                    Case{"RequestInTheFuture", "", true}, Case{"ExpiredTokenException", "", false},
                    Case{"AccessDeniedException", "Signature expired", false}));

TEST(ClockSkew, TheOffsetIsWhatTheServersDateSays) {
  EXPECT_EQ(correction(refusal("RequestExpired"), an_hour_later, now, 0s), 1h);
  EXPECT_EQ(correction(refusal("RequestExpired"), "Sun, 22 Nov 2026 21:30:00 GMT", now, 0s), -30min);
}

TEST(ClockSkew, WhatWasSignedByTheRightTimeIsNotSignedAgain) {
  EXPECT_EQ(correction(refusal("RequestExpired"), an_hour_later, now, 1h), std::nullopt);
  EXPECT_EQ(correction(refusal("RequestExpired"), an_hour_later, now, 59min + 10s), std::nullopt);
  EXPECT_EQ(correction(refusal("RequestExpired"), an_hour_later, now, -1h), 1h);
}

TEST(ClockSkew, WithoutADateNothingIsKnown) {
  for (const char* date : {"", "yesterday", "Sun, 31 Feb 2026 23:00:00 GMT", "Sun, 22 Nov 2026 23:00:00 CET",
                           "Sun, 22 Nix 2026 23:00:00 GMT", "Sunday, 22-Nov-26 23:00:00 GMT"}) {
    EXPECT_EQ(correction(refusal("RequestExpired"), date, now, 0s), std::nullopt) << date;
  }
}

}  // namespace
}  // namespace lambdapool::clock_skew

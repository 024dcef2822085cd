#include "identity/refresh.hpp"

#include <gtest/gtest.h>

namespace lambdapool::identity {
namespace {

using namespace std::chrono_literals;

const Time start{1'000'000s};

TEST(Refresh, BeginsAQuarterOfAnHourBeforeTheEnd) {
  EXPECT_EQ(refresh_at(start, start + 1h), start + 45min);
  EXPECT_EQ(refresh_at(start, start + 12h), start + 12h - 15min);
}

TEST(Refresh, OfShortLivedCredentialsBeginsAtHalfTheirLife) {
  EXPECT_EQ(refresh_at(start, start + 15min), start + 7min + 30s);
  EXPECT_EQ(refresh_at(start, start + 10min), start + 5min);
  EXPECT_EQ(refresh_at(start, start + 20s), start + 10s);
}

TEST(Refresh, OfCredentialsThatHaveEndedAlreadyWaitsAMinute) {
  EXPECT_EQ(refresh_at(start, start - 1h), start + 1min);
  EXPECT_EQ(refresh_at(start, start), start + 1min);
}

TEST(Refresh, ThatFailedIsTriedAgainMoreOftenWhenTheEndIsNear) {
  EXPECT_EQ(retry_at(start, start + 14min), start + 1min);
  EXPECT_EQ(retry_at(start, start + 10min), start + 10s);
  EXPECT_EQ(retry_at(start, start - 1min), start + 10s);
}

}  // namespace
}  // namespace lambdapool::identity

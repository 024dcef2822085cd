#include "identity/refresh.hpp"

#include <gtest/gtest.h>

namespace lambdapool::identity {
namespace {

using namespace std::chrono_literals;

const Time present{1'000'000s};

TEST(Refresh, BeginsAQuarterOfAnHourBeforeTheEnd) {
  EXPECT_EQ(refresh_at(present, present + 1h), present + 45min);
  EXPECT_EQ(refresh_at(present, present + 12h), present + 12h - 15min);
}

TEST(Refresh, OfShortLivedCredentialsBeginsAtHalfTheirLife) {
  EXPECT_EQ(refresh_at(present, present + 15min), present + 7min + 30s);
  EXPECT_EQ(refresh_at(present, present + 10min), present + 5min);
  EXPECT_EQ(refresh_at(present, present + 20s), present + 10s);
}

TEST(Refresh, OfCredentialsThatHaveEndedAlreadyWaitsAMinute) {
  EXPECT_EQ(refresh_at(present, present - 1h), present + 1min);
  EXPECT_EQ(refresh_at(present, present), present + 1min);
}

TEST(Refresh, ThatFailedIsTriedAgainMoreOftenWhenTheEndIsNear) {
  EXPECT_EQ(retry_at(present, present + 14min), present + 1min);
  EXPECT_EQ(retry_at(present, present + 10min), present + 10s);
  EXPECT_EQ(retry_at(present, present - 1min), present + 10s);
}

}  // namespace
}  // namespace lambdapool::identity

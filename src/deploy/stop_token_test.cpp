#include "deploy/stop_token.hpp"

#include <gtest/gtest.h>

namespace lambdapool::deploy {
namespace {

using namespace std::chrono_literals;

TEST(StopToken, ThatNobodyHoldsIsNeverWanted) {
  EXPECT_FALSE(StopToken().is_wanted());
  EXPECT_FALSE(StopToken().wait_for(1ms));
  EXPECT_TRUE(StopToken().check("nothing was changed"));
}

TEST(StopToken, EndsAWaitAsSoonAsItIsWanted) {
  int asked = 0;
  const StopToken stop([&] { return ++asked == 3; });
  EXPECT_TRUE(stop.wait_for(24h));
  EXPECT_EQ(asked, 3);
}

TEST(StopToken, SaysWhatItEnded) {
  const auto checked = StopToken([] { return true; }).check("nothing was changed");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(checked.error().message, "interrupted: nothing was changed.");
}

}  // namespace
}  // namespace lambdapool::deploy

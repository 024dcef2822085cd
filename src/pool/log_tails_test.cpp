#include "pool/log_tails.hpp"

#include <gtest/gtest.h>

#include "core/encoding.hpp"

namespace lambdapool::pool {
namespace {

TEST(LogTails, GivesBackWhatAnAnswerOrAnErrorBrought) {
  LogTails tails(1'000);
  tails.keep_base64(1, base64_encode("printed\n"));
  tails.keep_text(2, "its last words\n");
  EXPECT_EQ(tails.of(1).text, "printed\n");
  EXPECT_EQ(tails.of(2).text, "its last words\n");
  EXPECT_FALSE(tails.of(3).kept);
}

TEST(LogTails, KeepsOnlyTheNewest) {
  LogTails tails(1'000);
  for (LogTails::Call call = 1; call <= 100; ++call) tails.keep_text(call, std::string(200, 'x'));
  EXPECT_FALSE(tails.of(97).kept);
  EXPECT_TRUE(tails.of(98).kept);
  EXPECT_TRUE(tails.of(100).kept);
  EXPECT_EQ(tails.dropped(), 97u);
}

TEST(LogTails, KeepsTheNewestHoweverLargeItIs) {
  LogTails tails(100);
  tails.keep_text(1, std::string(4'096, 'x'));
  EXPECT_EQ(tails.of(1).text.size(), 4'096u);
}

}  // namespace
}  // namespace lambdapool::pool

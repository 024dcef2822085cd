#include "pool/log_tails.hpp"

#include <gtest/gtest.h>

#include "core/encoding.hpp"

namespace lambdapool::pool {
namespace {

TEST(LogTails, GivesBackWhatAnAnswerOrAnErrorBrought) {
  LogTails tails(1'000);
  tails.keep_base64(1, 1, base64_encode("printed\n"));
  tails.keep_text(1, 2, "its last words\n");
  EXPECT_EQ(tails.of(1).text, "printed\n");
  EXPECT_EQ(tails.of(2).text, "its last words\n");
  EXPECT_FALSE(tails.of(3).kept);
}

TEST(LogTails, KeepsOnlyTheNewest) {
  LogTails tails(1'000);
  for (LogTails::Call call = 1; call <= 100; ++call) tails.keep_text(1, call, std::string(200, 'x'));
  EXPECT_FALSE(tails.of(97).kept);
  EXPECT_TRUE(tails.of(98).kept);
  EXPECT_TRUE(tails.of(100).kept);
}

TEST(LogTails, HasTheLogsOfAJobInTheOrderOfSendingAndSaysHowManyAreGone) {
  LogTails tails(1'000);
  for (LogTails::Call call : {1u, 3u, 2u, 5u, 4u})
    tails.keep_text(call % 2, call, "log of " + std::to_string(call) + "\n");
  EXPECT_EQ(tails.of_job(1, 3), "log of 1\nlog of 3\nlog of 5\n");
  EXPECT_EQ(tails.of_job(0, 2), "log of 2\nlog of 4\n");
  EXPECT_EQ(tails.of_job(7, 0), "");
  for (LogTails::Call call = 6; call <= 12; ++call) tails.keep_text(0, call, "");
  EXPECT_EQ(tails.of_job(1, 3), "[lambdapool: the logs of 3 earlier calls are not kept any more]\n");
}

TEST(LogTails, ForgetsACallThatRanNothing) {
  LogTails tails(1'000);
  tails.keep_text(1, 1, "refused\n");
  tails.forget(1);
  tails.keep_text(1, 2, "ran\n");
  EXPECT_EQ(tails.of_job(1, 1), "ran\n");
  for (LogTails::Call call = 3; call <= 20; ++call) tails.keep_text(2, call, std::string(200, 'x'));
  EXPECT_FALSE(tails.of(2).kept);
  EXPECT_TRUE(tails.of(20).kept);
}

TEST(LogTails, KeepsTheNewestHoweverLargeItIs) {
  LogTails tails(100);
  tails.keep_text(1, 1, std::string(4'096, 'x'));
  EXPECT_EQ(tails.of(1).text.size(), 4'096u);
}

TEST(LogTails, OneIsHandedOverToAnotherJob) {
  LogTails tails(1024);
  tails.keep_text(0, 1, "of one");
  tails.keep_text(0, 2, "of another");
  tails.hand_over(1, 7, 1);
  tails.hand_over(2, 8, 5);
  tails.hand_over(3, 9, 3);  // which is not there
  EXPECT_EQ(tails.of_job(7, 1), "of one");
  EXPECT_EQ(tails.of_job(8, 1), "of another");
  EXPECT_EQ(tails.of(5).text, "of another");
  EXPECT_FALSE(tails.of(2).kept);
  EXPECT_EQ(tails.of_job(0, 0), "");
}

}  // namespace
}  // namespace lambdapool::pool

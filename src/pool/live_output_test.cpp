#include "pool/live_output.hpp"

#include <gtest/gtest.h>

#include <future>

#include "core/encoding.hpp"
#include "core/part_frames.hpp"
#include "pool/early_parts.hpp"

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;

TEST(LiveOutput, GivesEachLineItsCallsName) {
  LiveOutput output;
  output.add("f[3]", "one\n\ntwo\n");
  output.add("f[4]", "three\n");
  EXPECT_EQ(output.take(), "f[3] | one\nf[3] | \nf[3] | two\nf[4] | three\n");
}

TEST(LiveOutput, KeepsSoMuchAndSaysWhatItLeftOut) {
  LiveOutput output;
  const std::string line(1'000, 'x');
  for (int i = 0; i < 2'000; ++i) output.add("f", line + "\n");
  output.add("f", "y\n");  // it would fit, but would stand where it does not belong
  const std::string taken = output.take();
  EXPECT_LT(taken.size(), LiveOutput::bytes_max + 200);
  const std::string last =
      "lambdapool: 958 lines of output are left out here: they came faster than they were printed\n";
  ASSERT_GT(taken.size(), last.size());
  EXPECT_EQ(taken.substr(taken.size() - last.size()), last);
  output.add("f", "z\n");
  EXPECT_EQ(output.take(), "f | z\n");
}

TEST(LiveOutput, WakesThePrinterAtItsEndAndGivesTheRestBefore) {
  LiveOutput output;
  auto taken = std::async(std::launch::async, [&] { return output.take(); });
  output.close();
  EXPECT_EQ(taken.get(), "");
  LiveOutput other;
  other.add("f", "last\n");
  other.close();
  other.add("f", "too late\n");
  EXPECT_EQ(other.take(), "f | last\n");
  EXPECT_EQ(other.take(), "");
}

TEST(LiveOutput, IsWaitedForUntilItIsPrintedButNotAgainAfterThatTookTooLong) {
  LiveOutput output;
  output.wait_until_printed(1h);  // there is nothing
  output.add("f", "line\n");
  output.wait_until_printed(1ms);  // nobody takes it
  output.wait_until_printed(1h);   // so it is given up
  auto printer = std::async(std::launch::async, [&] {
    while (!output.take().empty()) {
    }
  });
  output.add("f", "line\n");
  output.wait_until_printed(1h);
  output.close();
  printer.get();
}

TEST(LiveOutput, HasTheEndOfALogWhereNothingCameBefore) {
  LiveOutput output;
  const std::string log =
      "START RequestId: r Version: 1\nhello\nEND RequestId: r\nREPORT RequestId: r\tDuration: 1 ms\n";
  EarlyParts parts("e");
  output.add_rest("f", parts, cloud::Invoked{"", "r", base64_encode(log)});
  Error failure;
  failure.log_tail = "START RequestId: r Version: 1\nbye";
  output.add_rest("f", parts, tl::unexpected(failure));
  EXPECT_EQ(output.take(), "f | hello\nf | bye\n");
  parts.read(part_frame('O', {}, "hello\n"));
  output.add_rest("f", parts, cloud::Invoked{"", "r", base64_encode(log)});
  output.add("f", "more\n");
  EXPECT_EQ(output.take(), "f | more\n");
}

TEST(LiveOutput, LeavesOutTheLineThatALogsEndBeginsIn) {
  const std::string log = "half a line\n" + std::string(4'096 - 12 - 5, 'x') + "\nend\n";
  EXPECT_EQ(log.size(), 4'096u);
  EXPECT_EQ(written_in(log), std::string(4'096 - 12 - 5, 'x') + "\nend\n");
  EXPECT_EQ(written_in("whole\nEXTENSION\tName: e\tState: Ready\n"), "whole\n");
}

}  // namespace
}  // namespace lambdapool::pool

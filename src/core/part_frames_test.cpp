#include "core/part_frames.hpp"

#include <gtest/gtest.h>

namespace lambdapool {
namespace {

TEST(PartFrames, ThatWereMadeAreWhole) {
  const std::string frames =
      part_frame('H', {}, "head") + part_frame('P', {0, 1}, "x") + part_frame('B', {0, 3});
  EXPECT_EQ(frames.size(), 3 * part_head_bytes + 5);
  EXPECT_EQ(whole_parts(frames), frames);
  EXPECT_EQ(whole_parts(""), "");
}

TEST(PartFrames, HaveTheSameHeadHoweverTheirContentIsCut) {
  for (const std::string content : {"", "a", "one and two"})
    for (std::size_t at = 0; at <= content.size(); ++at)
      EXPECT_EQ(part_head('A', {1, 2}, content.substr(0, at), content.substr(at)) + content,
                part_frame('A', {1, 2}, content));
}

TEST(PartFrames, AreWholeUpToWhatIsCutOffSpoiltOrEndsACall) {
  const std::string good = part_frame('H', {}, "head"), next = part_frame('P', {0, 1}, "x");
  for (std::size_t at = 0; at < next.size(); ++at) {
    EXPECT_EQ(whole_parts(good + next.substr(0, at)), good) << at;
    std::string spoilt = next;
    spoilt[at] = static_cast<char>(~spoilt[at]);
    EXPECT_EQ(whole_parts(good + spoilt + next), good) << at;
  }
  EXPECT_EQ(whole_parts(good + part_frame('A', {}, "{}")), good);
  EXPECT_EQ(whole_parts(good + part_frame('E', {}, "{}")), good);
}

TEST(OutputFrames, HaveWholeLinesAndSoMuchOfACall) {
  OutputFrames frames;
  EXPECT_EQ(frames.of("one\ntwo\n"), part_frame('O', {}, "one\ntwo\n"));
  EXPECT_EQ(frames.of("no end"), part_frame('O', {}, "no end\n"));
  EXPECT_EQ(frames.of(""), "");
  const std::string line(1'000, 'x');
  std::size_t told = 0;
  std::string last;
  for (;;) {
    std::string next = frames.of(line + "\n");
    if (next.empty()) break;
    last = next;
    told += next.size() - part_head_bytes;
  }
  EXPECT_LT(told, OutputFrames::bytes_max + 100);
  EXPECT_GT(told, OutputFrames::bytes_max - 2'000);
  EXPECT_TRUE(last.ends_with("lambdapool: what this call writes further is in its log alone\n"));
  EXPECT_EQ(last.find("x"), std::string::npos);  // no half of a line
}

}  // namespace
}  // namespace lambdapool

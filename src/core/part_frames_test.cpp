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

TEST(PartFrames, AreWholeUpToWhatIsCutOffSpoiltOrAnAnswer) {
  const std::string good = part_frame('H', {}, "head"), next = part_frame('P', {0, 1}, "x");
  for (std::size_t at = 0; at < next.size(); ++at) {
    EXPECT_EQ(whole_parts(good + next.substr(0, at)), good) << at;
    std::string spoilt = next;
    spoilt[at] = static_cast<char>(~spoilt[at]);
    EXPECT_EQ(whole_parts(good + spoilt + next), good) << at;
  }
  EXPECT_EQ(whole_parts(good + part_frame('A', {}, "{}")), good);
}

}  // namespace
}  // namespace lambdapool

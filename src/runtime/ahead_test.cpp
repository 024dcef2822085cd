#include "runtime/ahead.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lambdapool::runtime {
namespace {

struct AheadTest : testing::Test {
  std::string told;
  Ahead::Tell tell = [this](std::string_view frames) { told += frames; };
};

TEST_F(AheadTest, TellsWholeLinesAndAtTheEndWhatIsLeft) {
  Ahead ahead(Ahead::Output::yes, tell);
  ahead.write("on");
  EXPECT_EQ(told, "");
  ahead.write("e\ntwo\nthr");
  EXPECT_EQ(told, part_frame('O', {}, "one\ntwo\n"));
  told.clear();
  ahead.end();
  EXPECT_EQ(told, part_frame('O', {}, "thr\n"));
}

TEST_F(AheadTest, TellsALineWithoutEndInPieces) {
  Ahead ahead(Ahead::Output::yes, tell);
  const std::string piece(std::size_t{64} << 10, 'x');
  for (int i = 0; i < 3; ++i) ahead.write(piece);
  EXPECT_EQ(told, "");
  ahead.write(piece);
  EXPECT_GT(told.size(), 4 * piece.size());
}

TEST_F(AheadTest, TellsOutputOnlyWhereItIsWanted) {
  Ahead ahead(Ahead::Output::no, tell);
  ahead.write("one\n");
  ahead.end();
  EXPECT_EQ(told, "");
}

TEST_F(AheadTest, TellsPartsUpToTheFirstThatIsSpoilt) {
  Ahead ahead(Ahead::Output::yes, tell);
  const std::string good = part_frame('H', {}, "head") + part_frame('P', {0, 1}, "part");
  ahead.parts(good);
  ahead.parts("");
  EXPECT_EQ(told, good);
  std::string spoilt = part_frame('P', {1, 1}, "part");
  spoilt.back() = 'T';
  ahead.parts(spoilt);
  ahead.parts(good);
  EXPECT_EQ(told, good);
  ahead.write("still\n");
  EXPECT_EQ(told, good + part_frame('O', {}, "still\n"));
}

}  // namespace
}  // namespace lambdapool::runtime

#include "core/parts_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/part_frames.hpp"

namespace lambdapool {
namespace {

using testing::HasSubstr;

constexpr PartsReader::Kinds kinds{.last = "AE", .kept = "L", .bytes_max = 1'000};

struct PartsReaderTest : testing::Test {
  std::string ahead;
  PartsReader reader{kinds, [this](std::string_view piece) { ahead += piece; }};

  std::string why_not(const std::string& stream) {
    reader.reset();
    const auto read = reader.read(stream);
    return read ? "" : read.error().message;
  }
};

TEST_F(PartsReaderTest, TellsTheAnswerFromWhatIsAheadOfIt) {
  const std::string early = part_frame('H', {}, "head") + part_frame('P', {0, 1}, "") + part_frame('N', {});
  const std::string stream =
      early + part_frame('L', {}, "") + part_frame('L', {}, "a log") + part_frame('A', {}, "{\"answer\":1}");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    reader.reset();
    ahead.clear();
    for (std::size_t at = 0; at < stream.size(); at += step) {
      EXPECT_EQ(reader.last(), '\0') << "before the end";
      ASSERT_TRUE(reader.read(std::string_view(stream).substr(at, step))) << step;
    }
    EXPECT_EQ(reader.last(), 'A');
    EXPECT_EQ(reader.take('A'), "{\"answer\":1}");
    EXPECT_EQ(reader.take('L'), "a log");
    EXPECT_EQ(reader.take('E'), "");
    EXPECT_EQ(ahead, early);
  }
}

TEST_F(PartsReaderTest, WhatIsCutOffHasNoEnd) {
  const std::string stream = part_frame('P', {0, 1}, "part") + part_frame('E', {}, "an error");
  for (std::size_t size = 0; size < stream.size(); ++size) {
    EXPECT_EQ(why_not(stream.substr(0, size)), "");
    EXPECT_EQ(reader.last(), '\0') << size;
  }
  EXPECT_EQ(why_not(stream), "");
  EXPECT_EQ(reader.last(), 'E');
}

TEST_F(PartsReaderTest, WhatIsNoStreamOfThemIsRefused) {
  EXPECT_THAT(why_not(part_frame('A', {}, "{}") + "H"), HasSubstr("it goes on after the answer"));
  std::string spoilt = part_frame('L', {}, "log");
  spoilt.back() = 'G';
  EXPECT_THAT(why_not(spoilt), HasSubstr("the checksum of the answer is wrong; the function may have run"));
  EXPECT_THAT(why_not(part_head('P', {}, std::string(1'001, 'x'))), HasSubstr("an impossible length"));
}

TEST_F(PartsReaderTest, OfAnotherStreamKeepsNothing) {
  ASSERT_TRUE(reader.read(part_frame('L', {}, "one") + part_frame('A', {}, "{}").substr(0, 18)));
  reader.reset();
  ASSERT_TRUE(reader.read(part_frame('A', {}, "two")));
  EXPECT_EQ(reader.take('L'), "");
  EXPECT_EQ(reader.take('A'), "two");
}

}  // namespace
}  // namespace lambdapool

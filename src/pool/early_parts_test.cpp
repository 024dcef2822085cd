#include "pool/early_parts.hpp"

#include <gtest/gtest.h>

#include "core/checksum.hpp"

namespace lambdapool::pool {
namespace {

void append(std::string& bytes, std::uint32_t number) {
  for (const int shift : {0, 8, 16, 24}) bytes.push_back(static_cast<char>(number >> shift & 0xff));
}

std::string frame(char kind, std::uint32_t first, std::uint32_t count, std::string_view content = "") {
  std::string bytes(1, kind);
  for (const std::uint32_t number : {static_cast<std::uint32_t>(content.size()), first, count})
    append(bytes, number);
  append(bytes, crc32(crc32(0, bytes), content));
  return bytes.append(content);
}

std::string head(std::string_view echo) {
  return frame('H', 0, 0, envelope::encode_raw({"pickle", "3.11", echo, {}, {}, {}}, ""));
}

TEST(EarlyParts, AreTheSameHoweverTheStreamIsCut) {
  const std::string stream = head("e-1") + frame('P', 0, 2, "two") + frame('P', 2, 1, "") + frame('B', 0, 4);
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    EarlyParts reader("e-1");
    std::vector<EarlyPart> parts;
    for (std::size_t at = 0; at < stream.size(); at += size)
      for (auto& part : reader.read(stream.substr(at, size))) parts.push_back(std::move(part));
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(parts[0].first, 0u);
    EXPECT_EQ(parts[0].count, 2u);
    EXPECT_EQ(parts[0].outcome.body, "two");
    EXPECT_EQ(parts[0].outcome.peer, "3.11");
    EXPECT_EQ(parts[1].first, 2u);
    EXPECT_EQ(reader.begun_of({1, 1, 3, 7, 3}), 1u);
  }
}

TEST(EarlyParts, OfAnotherCallAreNotRead) {
  EarlyParts reader("e-1");
  EXPECT_TRUE(reader.read(head("e-2") + frame('P', 0, 1, "x") + frame('B', 0, 1)).empty());
  EXPECT_EQ(reader.begun_of({1, 1, 0, 10}), 10u);
}

TEST(EarlyParts, OfAnotherAttemptAreReadAnew) {
  EarlyParts reader("e-1");
  EXPECT_EQ(reader.read(head("e-1") + frame('P', 0, 1, "x") + frame('B', 0, 2) + "P half").size(), 1u);
  EXPECT_TRUE(reader.read("").empty());
  EXPECT_EQ(reader.begun_of({1, 1, 0, 10}), 10u);
  EXPECT_TRUE(reader.read(frame('P', 0, 1, "without a head")).empty());
  EXPECT_TRUE(reader.read("").empty());
  EXPECT_EQ(reader.read(head("e-1") + frame('P', 0, 1, "y")).size(), 1u);
}

TEST(EarlyParts, ThatSomebodyWroteOverAreLeftToTheAnswer) {
  const std::string stream = head("e-1") + frame('P', 0, 1, "x") + frame('B', 0, 2);
  for (std::size_t at = 0; at < stream.size(); ++at) {
    std::string spoilt = stream;
    spoilt[at] = static_cast<char>(~spoilt[at]);
    EarlyParts reader("e-1");
    for (const auto& part : reader.read(spoilt)) EXPECT_EQ(part.outcome.body, "x");
    EXPECT_EQ(reader.begun_of({1, 1, 1, 9, 1}), 9u);
  }
}

TEST(EarlyParts, WithoutAHeadAreNotRead) {
  EarlyParts reader("e-1");
  EXPECT_TRUE(reader.read(frame('P', 0, 1, "x") + head("e-1") + frame('P', 0, 1, "x")).empty());
}

TEST(EarlyParts, OfAKindThatIsNotKnownArePassedOver) {
  EarlyParts reader("e-1");
  EXPECT_EQ(reader.read(head("e-1") + frame('Z', 5, 6, "later") + frame('P', 0, 1, "x")).size(), 1u);
}

TEST(EarlyParts, WhereNothingIsToldAllItemsMayHaveBegun) {
  EarlyParts reader("e-1");
  EXPECT_EQ(reader.begun_of({1, 1, 0, 10}), 10u);
}

TEST(EarlyParts, TheEndBefellOneItemAtLeast) {
  EarlyParts reader("e-1");
  reader.read(head("e-1") + frame('B', 0, 3));
  EXPECT_EQ(reader.begun_of({1, 1, 3, 7, 3}), 1u);
  EXPECT_EQ(reader.begun_of({1, 1, 1, 9, 1}), 2u);
}

TEST(EarlyParts, HaveWhatTheTaskPrintsWithOrWithoutOutcomes) {
  std::string output;
  EarlyParts reader("e-1", [&](std::string_view lines) { output += lines; });
  EXPECT_FALSE(reader.has_output());
  EXPECT_EQ(reader.read(frame('O', 0, 0, "one\n") + head("e-1") + frame('P', 0, 1, "x")).size(), 1u);
  reader.read(frame('O', 0, 0, "two\n"));
  EXPECT_EQ(output, "one\ntwo\n");
  EXPECT_TRUE(reader.has_output());
  reader.read("");  // sent again
  EXPECT_FALSE(reader.has_output());
}

}  // namespace
}  // namespace lambdapool::pool

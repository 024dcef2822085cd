#include "runtime/early.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "core/part_frames.hpp"
#include "core/task_data.hpp"
#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/detail/call.hpp"
#include "lambdapool/detail/task.hpp"
#include "runtime/perform.hpp"

namespace lambdapool::runtime {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::StartsWith;

// Notes what is told: each frame as its kind and its items, and how many may have begun then.
class Told final : public Parts {
 public:
  void begin() override { said.clear(); }
  bool tell(std::string_view frames, std::uint32_t begun) override {
    said.push_back(std::string(1, frames[0]) + " " + std::to_string(static_cast<unsigned char>(frames[5])) +
                   "+" + std::to_string(static_cast<unsigned char>(frames[9])) + " begun " +
                   (begun == any ? "any" : std::to_string(begun)));
    return room;
  }
  std::vector<std::string> said;
  bool room = true;
};

struct EarlyTest : testing::Test {
  std::vector<ItemOutcome> done(std::size_t count) {
    return std::vector<ItemOutcome>(count, {Status::value, "v"});
  }
  Early::Time at(microseconds since) { return Early::Time{} + since; }

  Told told;
  envelope::Label label{"cpp", "aabbcc", "echo"};
};

TEST_F(EarlyTest, OfFewItemsEachHasAPartBeforeTheNextBegins) {
  Early early(told, label, 3, at({}));
  early.tell(done(0), at({}));
  early.tell(done(1), at(microseconds(1)));
  early.tell(done(2), at(microseconds(2)));
  EXPECT_THAT(told.said, ElementsAre("H 0+0 begun 1", "P 0+1 begun 2", "P 1+1 begun 3"));
}

TEST_F(EarlyTest, ManyQuickOnesShareAPartNowAndThen) {
  Early early(told, label, 17, at({}));
  early.tell(done(1), at(microseconds(1)));
  early.tell(done(9), at(microseconds(800)));
  early.tell(done(12), at(microseconds(1'002)));
  EXPECT_THAT(told.said, ElementsAre("H 0+0 begun any", "P 0+1 begun any", "P 1+11 begun any"));
}

TEST_F(EarlyTest, OfManyASlowOneIsToldBeforeTheNextBegins) {
  Early early(told, label, 17, at({}));
  early.tell(done(1), at(milliseconds(5)));
  early.tell(done(2), at(milliseconds(6)));
  EXPECT_THAT(told.said, ElementsAre("H 0+0 begun any", "P 0+1 begun 2", "P 1+1 begun 3"));
}

TEST_F(EarlyTest, WhatHasNoRoomIsLeftToTheAnswer) {
  Early early(told, label, 3, at({}));
  told.room = false;
  early.tell(done(1), at({}));
  early.tell(done(2), at({}));
  EXPECT_THAT(told.said, ElementsAre("H 0+0 begun 1", "P 0+1 begun 2"));
}

int doubled(int n) { return 2 * n; }

TEST_F(EarlyTest, ATaskIsToldEarlyWhereItAsksForItAndHasSeveralItems) {
  const auto perform_with = [&](std::size_t items, const std::string& members) {
    using This = detail::Call<int (*)(int), const int&>;
    const std::string head =
        detail::head_of<int (*)(int), typename This::Declared>(&doubled, typename This::Parameters{});
    std::vector<std::string> encoded(items, detail::encode_item(typename This::Parameters{}, 4));
    const auto task = envelope::encode(envelope::Direction::task, {"cpp", "aabbcc", "e", {}, {}, members},
                                       head, write_items(head, encoded.data(), encoded.size()));
    told.begin();
    const auto answer = perform(task, {"aabbcc", ""}, at(milliseconds(1'000)), [] { return Early::Time{}; },
                                {}, nullptr, {&told, nullptr});
    EXPECT_TRUE(answer);
    return told.said.size();
  };
  EXPECT_EQ(perform_with(3, "\"parts\":{}"), 3u);
  EXPECT_EQ(perform_with(1, "\"parts\":{}"), 0u);
  EXPECT_EQ(perform_with(3, ""), 0u);
}

TEST_F(EarlyTest, AStreamIsForWhoTakesOneAndMemoryForAll) {
  const auto perform_with = [&](const std::string& members, const EarlyWays& ways) {
    using This = detail::Call<int (*)(int), const int&>;
    const std::string head =
        detail::head_of<int (*)(int), typename This::Declared>(&doubled, typename This::Parameters{});
    std::vector<std::string> encoded(2, detail::encode_item(typename This::Parameters{}, 4));
    const auto task = envelope::encode(envelope::Direction::task, {"cpp", "aabbcc", "e", {}, {}, members},
                                       head, write_items(head, encoded.data(), encoded.size()));
    told.begin();
    EXPECT_TRUE(perform(
        task, {"aabbcc", ""}, at(milliseconds(1'000)), [] { return Early::Time{}; }, {}, nullptr, ways));
    return !told.said.empty();
  };
  Told other;
  EXPECT_TRUE(perform_with(R"("parts":{"stream":true})", {nullptr, &told}));
  EXPECT_FALSE(perform_with(R"("parts":{})", {nullptr, &told}));
  EXPECT_FALSE(perform_with(R"("parts":{"stream":true})", {&other, &told}));
}

TEST(PartsStream, BeginsWithTheFirstOutcome) {
  std::vector<std::string> written;
  bool breaks = false;
  PartsStream stream([&](std::string_view frames) -> Result<void> {
    if (breaks) return fail(ErrorKind::network, "gone");
    written.emplace_back(frames);
    return {};
  });
  stream.begin();
  EXPECT_TRUE(stream.tell("H", 1));
  EXPECT_FALSE(stream.has_begun());
  EXPECT_TRUE(stream.tell("P1", 2));
  EXPECT_TRUE(stream.has_begun());
  EXPECT_TRUE(stream.tell("P2", 3));
  EXPECT_THAT(written, ElementsAre("HP1", "P2"));
  stream.begin();
  EXPECT_FALSE(stream.has_begun());
  breaks = true;
  EXPECT_TRUE(stream.tell("H", 1));
  EXPECT_FALSE(stream.tell("P", 1));
  EXPECT_FALSE(stream.state());
}

struct MemoryTest : testing::Test {
  static constexpr std::size_t bytes = 4'096;
  MemoryTest() {
    fd = ::memfd_create("parts", MFD_CLOEXEC);
    EXPECT_EQ(::ftruncate(fd, bytes), 0);
    seen = static_cast<char*>(::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0));
    parts = PartsMemory::on_descriptor(std::to_string(fd));
  }
  ~MemoryTest() override { ::munmap(seen, bytes); }
  std::uint64_t number(std::size_t which) const {
    std::uint64_t value = 0;
    std::memcpy(&value, seen + which * sizeof value, sizeof value);
    return value;
  }
  int fd = -1;
  char* seen = nullptr;
  std::unique_ptr<PartsMemory> parts;
};

TEST_F(MemoryTest, HasTheFramesOneAfterTheOther) {
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->tell("one", 1));
  EXPECT_TRUE(parts->tell("two", Parts::any));
  EXPECT_EQ(number(0), 6u);
  EXPECT_EQ(number(1), UINT64_MAX);
  EXPECT_THAT(seen + 16, StartsWith("onetwo"));
  parts->begin();
  EXPECT_TRUE(parts->tell("new", 2));
  EXPECT_EQ(number(0), 3u);
  EXPECT_EQ(number(1), 2u);
}

TEST_F(MemoryTest, TakesNoMoreThanItHolds) {
  ASSERT_TRUE(parts);
  EXPECT_TRUE(parts->tell(std::string(bytes - 16, 'x'), 1));
  EXPECT_FALSE(parts->tell("y", 2));
  EXPECT_EQ(number(0), bytes - 16);
  EXPECT_EQ(number(1), UINT64_MAX);
}

TEST(PartsMemory, IsNotMadeOfWhatIsNone) {
  for (const char* number : {"", "x", "1", "999999"})
    EXPECT_FALSE(PartsMemory::on_descriptor(number)) << number;
}

}  // namespace
}  // namespace lambdapool::runtime

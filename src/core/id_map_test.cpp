#include "core/id_map.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <unordered_map>

namespace lambdapool {
namespace {

TEST(IdMap, IsEmptyAtFirst) {
  IdMap<int> map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.find(0), nullptr);
  EXPECT_FALSE(map.erase(0));
  EXPECT_FALSE(map.extract(7));
}

TEST(IdMap, ANumberKeepsItsFirstValue) {
  IdMap<int> map;
  map.emplace(7, 1);
  map.emplace(7, 2);
  EXPECT_EQ(map.at(7), 1);
  EXPECT_EQ(map.size(), 1u);
}

TEST(IdMap, GivesBackWhatItIsGiven) {
  IdMap<std::unique_ptr<int>> map;
  map.emplace(7, std::make_unique<int>(1));
  int* const value = map.at(7).get();
  for (std::uint64_t id = 100; id < 1'000; ++id) map.emplace(id, nullptr);
  EXPECT_EQ(map.extract(7)->get(), value);
  EXPECT_FALSE(map.contains(7));
}

struct Numbers {
  const char* name;
  std::uint64_t (*number)(std::uint64_t of_many);
};

class IdMapOf : public testing::TestWithParam<Numbers> {};

TEST_P(IdMapOf, HoldsWhatAnUnorderedMapHolds) {
  std::minstd_rand random(1);
  IdMap<int> map;
  std::unordered_map<std::uint64_t, int> expected;
  for (int step = 0; step < 100'000; ++step) {
    // Grows at first, and becomes smaller again.
    const std::uint64_t id = GetParam().number(random() % 3'000);
    const bool adds = static_cast<int>(random() % 100'000) > step;
    if (adds) {
      map.emplace(id, step);
      expected.emplace(id, step);
    } else {
      ASSERT_EQ(map.erase(id), expected.erase(id) == 1);
    }
    const std::uint64_t other = GetParam().number(random() % 3'000);
    const auto found = expected.find(other);
    ASSERT_EQ(map.contains(other), found != expected.end());
    if (found != expected.end()) {
      ASSERT_EQ(map.at(other), found->second);
    }
    ASSERT_EQ(map.size(), expected.size());
  }
  std::unordered_map<std::uint64_t, int> visited;
  map.for_each([&](std::uint64_t id, int value) { visited.emplace(id, value); });
  EXPECT_EQ(visited, expected);
}

// The factor's inverse: numbers whose homes are neighbours, or the same.
constexpr std::uint64_t inverse = 0xF1DE'83E1'9937'733Du;
static_assert(inverse * 0x9E37'79B9'7F4A'7C15u == 1);

INSTANTIATE_TEST_SUITE_P(
    IdMap, IdMapOf,
    testing::Values(Numbers{"in_a_row", [](std::uint64_t n) { return n; }},
                    Numbers{"far_apart", [](std::uint64_t n) { return n << 50 | n; }},
                    Numbers{"from_the_end", [](std::uint64_t n) { return ~n; }},
                    Numbers{"of_one_home", [](std::uint64_t n) { return n % 200 * inverse; }},
                    Numbers{"of_the_last_homes", [](std::uint64_t n) { return ~(n % 200) * inverse; }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lambdapool

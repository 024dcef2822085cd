#include "lambdapool/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace lambdapool {
namespace {

using testing::ElementsAre;

enum class Colour : std::uint8_t { red, green };
struct Inner {
  int a = 0;
  std::string s;
  bool operator==(const Inner&) const = default;
};
struct Tree {
  int value = 0;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
struct Record {
  bool flag = false;
  Colour colour = Colour::red;
  double number = 0;
  std::string text;
  std::optional<int> maybe;
  std::vector<Inner> inners;
  std::map<std::string, int> map;
  std::array<int, 3> array{};
  std::variant<int, std::string> variant;
  std::chrono::milliseconds time{};
  std::set<int> set;
  std::unordered_map<int, Inner> hashed;
  std::pair<char, long> pair;
  bool operator==(const Record&) const = default;
};
struct Arrays {
  int numbers[3];
  double between;
  char name[8];
  Inner inners[2];
};
struct Empty {
  bool operator==(const Empty&) const = default;
};
struct Point {
  double x, y;
  bool operator==(const Point&) const = default;
};
class Account {
 public:
  Account() = default;
  explicit Account(long cents) : cents_(cents) {}
  static auto lambdapool_fields(auto& self) { return std::tie(self.cents_); }
  bool operator==(const Account&) const = default;

 private:
  long cents_ = 0;
};
struct Derived : Inner {
  int b;
};
struct TwentyFields {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t;
};

static_assert(detail::field_count<Record> == 13);
static_assert(detail::field_count<Arrays> == 4);
static_assert(detail::field_count<TwentyFields> == 20);
static_assert(Sendable<Tree> && Sendable<Account> && Sendable<std::unique_ptr<Tree>>);
static_assert(Sendable<std::span<const Point>> && !Sendable<std::span<const std::string>>);
static_assert(!Sendable<Derived> && !Sendable<int*> && !Sendable<std::vector<int*>>);
static_assert(!Sendable<std::shared_ptr<int>> && !Sendable<std::optional<const char*>>);
static_assert(schema_fingerprint<Inner> != schema_fingerprint<Point>);
static_assert(schema_fingerprint<int> != schema_fingerprint<unsigned>);
static_assert(schema_fingerprint<std::vector<int>> != schema_fingerprint<std::vector<long>>);
static_assert(schema_fingerprint<Tree> == schema_fingerprint<Tree>);

Record full_record() {
  return {true,
          Colour::green,
          1.5,
          "text",
          7,
          {{1, "one"}, {2, "two"}},
          {{"a", 1}, {"b", 2}},
          {1, 2, 3},
          "variant",
          std::chrono::milliseconds(9),
          {3, 1, 2},
          {{4, {5, "five"}}},
          {'c', -1}};
}

template <class T>
void expect_round_trip(const T& value) {
  EXPECT_EQ(decode<T>(encode(value)), value);
}

TEST(Codec, WhatIsWrittenIsReadBack) {
  expect_round_trip(full_record());
  expect_round_trip(Record{});
  expect_round_trip(Tree{1, {{2, {}}, {3, {{4, {}}}}}});
  expect_round_trip(Account(12));
  expect_round_trip(Empty{});
  expect_round_trip(std::vector<Empty>(3));
  expect_round_trip(std::tuple<>{});
  expect_round_trip(std::array<int, 0>{});
  expect_round_trip(std::vector<bool>{true, false, true});
  expect_round_trip(std::complex<float>(1, -2));
  expect_round_trip(std::u16string(u"wide"));
  expect_round_trip(std::deque<std::list<std::string>>{{"a"}, {}, {"b", "c"}});
  expect_round_trip(std::multimap<int, int>{{1, 2}, {1, 3}});
  expect_round_trip(std::chrono::sys_seconds(std::chrono::seconds(5)));
  expect_round_trip(std::optional<std::optional<int>>(std::in_place, std::nullopt));
}

TEST(Codec, ArraysInsideAnAggregateKeepTheirElements) {
  const auto back = decode<Arrays>(encode(Arrays{{1, 2, 3}, 4.5, "name", {{1, "one"}, {2, "two"}}}));
  EXPECT_THAT(back.numbers, ElementsAre(1, 2, 3));
  EXPECT_EQ(back.between, 4.5);
  EXPECT_STREQ(back.name, "name");
  EXPECT_EQ(back.inners[1], (Inner{2, "two"}));
}

TEST(Codec, MoveOnlyValuesTravel) {
  const auto back = decode<std::vector<std::unique_ptr<Inner>>>(encode([] {
    std::vector<std::unique_ptr<Inner>> values(2);
    values[1] = std::make_unique<Inner>(Inner{1, "one"});
    return values;
  }()));
  EXPECT_EQ(back[0], nullptr);
  EXPECT_EQ(*back[1], (Inner{1, "one"}));
}

TEST(Codec, ASpanViewsTheMessageWhereItIsAlignedAndACopyWhereNot) {
  const std::vector<Point> points{{1, 2}, {3, 4}};
  const std::string bytes = encode(std::span<const Point>(points));
  alignas(16) char room[64];
  for (std::size_t shift : {0, 1, 4}) {
    std::memcpy(room + shift, bytes.data(), bytes.size());
    Reader in({room + shift, bytes.size()});
    const auto view = Codec<std::span<const Point>>::read(in);
    ASSERT_THAT(std::vector<Point>(view.begin(), view.end()), ElementsAre(Point{1, 2}, Point{3, 4}));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data()) % alignof(Point), 0u);
    const auto* at = reinterpret_cast<const char*>(view.data());
    EXPECT_EQ(at >= room && at < room + sizeof room, shift == 0);
  }
}

TEST(Codec, WhatIsReadForTheLastTimeIsTheSameAndGivesItsMemoryBack) {
  using Value = std::pair<std::string, std::vector<double>>;
  Value value(std::string(3'000'001, 'x'), 1'000'003);
  std::iota(value.second.begin(), value.second.end(), 1);
  std::string message = encode(value);
  EXPECT_EQ(decode<Value>(message, Reader::Reading::last_time), value);
  EXPECT_LT(std::ranges::count(message, 'x'), 200'000) << "parts of pages";
  const std::u16string wide(2'000'000, u'y');
  EXPECT_EQ(decode<std::u16string>(encode(wide), Reader::Reading::last_time), wide);
  message = encode(value);
  message.pop_back();
  EXPECT_THROW(decode<Value>(message, Reader::Reading::last_time), MalformedMessage);
}

TEST(Codec, EveryMessageThatIsCutOffIsRefused) {
  const std::string whole = encode(full_record());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(decode<Record>(std::string_view(whole).substr(0, size)), MalformedMessage) << size;
  }
}

TEST(Codec, AMessageThatGoesOnIsRefused) { EXPECT_THROW(decode<int>(encode(1) + "x"), MalformedMessage); }

TEST(Codec, ALengthBeyondTheMessageIsRefusedBeforeAnythingIsAllocated) {
  Writer huge;
  huge.length(std::uint64_t{1} << 62);
  EXPECT_THROW(decode<std::string>(huge.bytes()), MalformedMessage);
  EXPECT_THROW(decode<std::u32string>(huge.bytes()), MalformedMessage);
  EXPECT_THROW(decode<std::vector<double>>(huge.bytes()), MalformedMessage);
  EXPECT_THROW(decode<std::vector<std::string>>(huge.bytes()), MalformedMessage);
  EXPECT_THROW(decode<std::vector<bool>>(huge.bytes()), MalformedMessage);
  EXPECT_THROW(decode<std::vector<Empty>>(huge.bytes()), MalformedMessage);
  EXPECT_THROW((decode<std::map<int, int>>(huge.bytes())), MalformedMessage);
}

TEST(Codec, BytesThatAreNoValueOfTheTypeAreRefused) {
  EXPECT_THROW(decode<bool>("\x02"), MalformedMessage);
  EXPECT_THROW(decode<std::optional<int>>("\x07"), MalformedMessage);
  EXPECT_THROW((decode<std::variant<int, long>>("\x02")), MalformedMessage);
  EXPECT_THROW(decode<std::string>(std::string(10, '\xff')), MalformedMessage);
}

TEST(Codec, NestingThatWouldExhaustTheStackIsRefused) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += std::string("\0\0\0\0\x01", 5);
  EXPECT_THROW(decode<Tree>(deep), MalformedMessage);
}

TEST(Codec, DamagedMessagesAreReadOrRefusedAndNothingElse) {
  std::mt19937 random(1);
  const std::string whole = encode(full_record());
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      decode<Record>(damaged);
    } catch (const MalformedMessage&) {
    }
  }
}

}  // namespace
}  // namespace lambdapool

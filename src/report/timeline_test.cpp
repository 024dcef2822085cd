#include "report/timeline.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

Timeline::Span span(std::int64_t from, std::int64_t to) { return {.sent_us = from, .arrived_us = to}; }

TEST(Timeline, KeepsAllOfFewAndAnEvenChoiceOfMany) {
  Timeline timeline(8);
  for (std::int64_t i = 0; i < 8; ++i) timeline.add(span(i, i + 1));
  EXPECT_EQ(timeline.spans().size(), 8u);
  EXPECT_EQ(timeline.every(), 1u);
  for (std::int64_t i = 8; i < 1000; ++i) timeline.add(span(i, i + 1));
  EXPECT_LE(timeline.spans().size(), 8u);
  EXPECT_GE(timeline.spans().size(), 4u);
  for (std::size_t i = 0; i < timeline.spans().size(); ++i)
    EXPECT_EQ(timeline.spans()[i].sent_us, static_cast<std::int64_t>(i * timeline.every()));
}

TEST(Rows, AreAsManyAsWereUnderWayAtOnce) {
  EXPECT_EQ(rows_of({span(0, 10), span(2, 5), span(5, 9), span(10, 12)}),
            (std::vector<std::uint32_t>{0, 1, 1, 0}));
  EXPECT_TRUE(rows_of({}).empty());
}

}  // namespace
}  // namespace lambdapool::report

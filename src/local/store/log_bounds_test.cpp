#include "local/store/log_bounds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "local/control/control_plane_fixture.hpp"
#include "local/store/log_reader.hpp"

namespace lambdapool::local {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t now = 100'000'000;
constexpr std::int64_t hour = 3'600;
constexpr std::int64_t day = 24 * hour;
constexpr std::uint64_t mb = 1 << 20;

TEST(LogBounds, ManySmallStreamsAreAllKept) {
  std::vector<LogFile> files;
  for (int i = 0; i < 5'000; ++i) files.push_back({std::to_string(i), 100, now - day});
  EXPECT_THAT(outdated_logs(files, now), IsEmpty());
}

TEST(LogBounds, WhatIsOlderThanTwoWeeksGoes) {
  EXPECT_THAT(outdated_logs({{"old", 1, now - 15 * day}, {"young", 1, now - 13 * day}}, now),
              ElementsAre("old"));
}

TEST(LogBounds, BeyondTheSizeTheOldestGo) {
  EXPECT_THAT(
      outdated_logs(
          {{"a", 300 * mb, now - 3 * day}, {"b", 300 * mb, now - day}, {"c", 100 * mb, now - 2 * day}}, now),
      ElementsAre("a"));
}

TEST(LogBounds, TheLivingStayWhateverTheyHold) {
  std::vector<LogFile> files{{"idle", 1, now - 2 * hour}};
  for (int i = 0; i < 100; ++i) files.push_back({std::to_string(i), 16 * mb, now - hour / 2});
  EXPECT_THAT(outdated_logs(files, now), ElementsAre("idle"));
}

class LogsOfManyWorkersTest : public ControlPlaneTest {};

TEST_F(LogsOfManyWorkersTest, EachWorkersLinesAreThere) {
  std::promise<void> logged;
  service->loop().post([&] {
    FunctionVersion function;
    function.name = "f";
    for (int i = 0; i < 250; ++i)
      service->workers.log(function, "line " + std::to_string(i) + "\n", 1'000 + i,
                           "2026/11/22/[$LATEST]" + std::to_string(i));
    logged.set_value();
  });
  logged.get_future().wait();
  service.reset();
  EXPECT_EQ(read_log(home, "f", 0).size(), 250u);
}

}  // namespace
}  // namespace lambdapool::local

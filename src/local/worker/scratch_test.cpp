#include "local/worker/scratch.hpp"

#include <gtest/gtest.h>

#include "local/worker/workers_fixture_for_tests.hpp"

namespace lambdapool::local {
namespace {

bool is_empty_and_private(const fs::path& directory) {
  return fs::is_empty(directory) && fs::status(directory).permissions() == fs::perms::owner_all;
}

TEST(ScratchTest, EachWorkerHasATmpOfItsOwnWhetherOrNotItWasMadeInAdvance) {
  const TemporaryDirectory home;
  auto scratch = Scratch::claim(home.path / "run");
  ASSERT_TRUE(scratch);
  std::set<fs::path> seen;
  for (const bool in_advance : {true, false, true}) {
    if (in_advance) {
      scratch->prepare_tmp();
      scratch->prepare_tmp();
    }
    const auto tmp = scratch->make_tmp();
    ASSERT_TRUE(tmp);
    EXPECT_TRUE(is_empty_and_private(*tmp)) << *tmp;
    EXPECT_TRUE(seen.insert(*tmp).second) << *tmp;
  }
  scratch->prepare_tmp();
  scratch->remove();
  EXPECT_TRUE(fs::is_empty(home.path));
  scratch->prepare_tmp();  // of which nothing comes
  EXPECT_TRUE(fs::is_empty(home.path));
}

TEST(ScratchTest, WhatCouldNotBeMadeInAdvanceIsSaidByWhoNeedsIt) {
  const TemporaryDirectory home;
  auto scratch = Scratch::claim(home.path / "run");
  ASSERT_TRUE(scratch);
  fs::remove_all(home.path / "run");
  scratch->prepare_tmp();
  const auto tmp = scratch->make_tmp();
  ASSERT_FALSE(tmp);
  EXPECT_THAT(tmp.error().message, HasSubstr("Could not create " + (home.path / "run").string()));
}

}  // namespace
}  // namespace lambdapool::local

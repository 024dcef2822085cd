#include "deploy/code/source_watch.hpp"

#include <gtest/gtest.h>

#include "package/testing_dir.hpp"

namespace lambdapool::deploy {
namespace {

namespace fs = std::filesystem;

// Events of what this process did are there when it asks: no test waits.
class SourceWatchTest : public testing::Test {
 protected:
  SourceWatch watch(std::vector<fs::path> paths) { return std::move(*SourceWatch::begin(std::move(paths))); }
  static bool changed(SourceWatch& watch) { return watch.has_changed().value(); }

  package::TestingDir dir_;
};

TEST_F(SourceWatchTest, AFileCountsWhetherItIsWrittenOrReplaced) {
  dir_.write("mod.py", "1");
  auto watched = watch({dir_.path() / "mod.py"});
  EXPECT_FALSE(changed(watched));
  dir_.write("mod.py", "2");
  EXPECT_TRUE(changed(watched));
  EXPECT_FALSE(changed(watched));
  dir_.write("mod.py.new", "3");
  EXPECT_FALSE(changed(watched)) << "another file";
  fs::rename(dir_.path() / "mod.py.new", dir_.path() / "mod.py");
  EXPECT_TRUE(changed(watched));
  dir_.write("mod.py", "4");
  EXPECT_TRUE(changed(watched)) << "still watched";
}

TEST_F(SourceWatchTest, ADirectoryCountsWithWhatIsNewInIt) {
  dir_.write("pack/code.py", "1");
  auto watched = watch({dir_.path() / "pack/"});
  dir_.write("pack/sub/other.py", "1");
  EXPECT_TRUE(changed(watched));
  dir_.write("pack/sub/other.py", "2");
  EXPECT_TRUE(changed(watched));
  fs::remove(dir_.path() / "pack/sub/other.py");
  EXPECT_TRUE(changed(watched));
  fs::rename(dir_.path() / "pack", dir_.path() / "away");
  EXPECT_TRUE(changed(watched));
  dir_.write("pack/code.py", "2");
  EXPECT_TRUE(changed(watched)) << "there again";
}

TEST_F(SourceWatchTest, WhatIsNeverPackagedDoesNotCount) {
  dir_.write("pack/code.py", "1");
  dir_.write("pack/.git/index", "1");
  auto watched = watch({dir_.path() / "pack"});
  dir_.write("pack/__pycache__/code.cpython-311.pyc", "1");
  dir_.write("pack/.code.py.swp", "1");
  dir_.write("pack/code.py~", "1");
  dir_.write("pack/.git/index", "2");
  dir_.write("beside.py", "1");
  EXPECT_FALSE(changed(watched));
}

TEST_F(SourceWatchTest, LinksThatLeadBackAreFollowedOnce) {
  dir_.write("pack/code.py", "1");
  fs::create_directory_symlink(dir_.path() / "pack", dir_.path() / "pack/again");
  auto watched = watch({dir_.path() / "pack"});
  dir_.write("pack/code.py", "2");
  EXPECT_TRUE(changed(watched));
}

TEST_F(SourceWatchTest, WhatIsNotThereIsRefused) {
  const auto begun = SourceWatch::begin({dir_.path() / "none.py"});
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace lambdapool::deploy

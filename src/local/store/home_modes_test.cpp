// Who else may look into a home, or put something there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "local/store/home.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class HomeModes : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lambdapool-home-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = fs::canonical(name);
    home = root / "home";
    umask_ = ::umask(0);
  }
  void TearDown() override {
    ::umask(umask_);
    fs::remove_all(root);
  }

  static mode_t mode(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
  }
  static void make(const fs::path& directory, mode_t mode) {
    fs::create_directories(directory);
    ::chmod(directory.c_str(), mode);
  }
  static void write(const fs::path& file, mode_t mode) {
    std::ofstream(file) << "x";
    ::chmod(file.c_str(), mode);
  }
  std::string refusal() const {
    const auto done = secure_home(home);
    return done ? "" : done.error().message;
  }

  fs::path root, home;
  mode_t umask_ = 0;
};

TEST_F(HomeModes, ANewHomeIsItsUsersAloneWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 077U, 0777U}) {
    ::umask(mask);
    home = root / std::to_string(mask) / "deeper" / "home";
    ASSERT_EQ(refusal(), "");
    EXPECT_EQ(mode(home), 0700U);
    EXPECT_EQ(mode(home.parent_path()), 0700U);
  }
}

TEST_F(HomeModes, AnOlderHomeIsClosedWithWhatIsInIt) {
  make(home, 0755);
  write(home / "lambdapool.db", 0644);
  make(home / "logs", 0777);
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(mode(home), 0700U);
  EXPECT_EQ(mode(home / "lambdapool.db"), 0600U);
  EXPECT_EQ(mode(home / "logs"), 0700U);
}

TEST_F(HomeModes, OneThatOthersCouldHaveWrittenToIsRefused) {
  const std::pair<mode_t, const char*> cases[] = {
      {0777, "(mode 0777)"}, {0770, "(mode 0770)"}, {0702, "(mode 0702)"}, {01777, "(mode 1777)"}};
  for (const auto& [open, told] : cases) {
    make(home, open);
    write(home / "lambdapool.db", 0600);
    EXPECT_THAT(refusal(), HasSubstr(std::string("other users can write to it ") + told));
    EXPECT_EQ(mode(home), open);
  }
}

TEST_F(HomeModes, AnEmptyOneIsMended) {
  make(home, 0777);
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(mode(home), 0700U);
}

TEST_F(HomeModes, ADirectoryOfAnotherUseKeepsItsModes) {
  make(home, 0755);
  write(home / "index.html", 0644);
  ASSERT_EQ(refusal(), "");
  EXPECT_EQ(mode(home), 0755U);
  EXPECT_EQ(mode(home / "index.html"), 0644U);
}

TEST_F(HomeModes, OneThatOthersCouldReplaceIsRefused) {
  make(home, 0700);
  ::chmod(root.c_str(), 0777);
  EXPECT_THAT(refusal(), HasSubstr("chmod o-w " + root.string()));
  ::chmod(root.c_str(), 01777);
  EXPECT_EQ(refusal(), "");
}

TEST_F(HomeModes, OneOfAnotherUserIsRefusedAndSoIsWhatAnotherPutThere) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  constexpr uid_t nobody = 65534;
  make(home, 0700);
  write(home / "lambdapool.db", 0600);
  ASSERT_EQ(::chown((home / "lambdapool.db").c_str(), nobody, nobody), 0);
  EXPECT_THAT(refusal(), HasSubstr("lambdapool.db in it belongs to another user"));
  ASSERT_EQ(::chown(home.c_str(), nobody, nobody), 0);
  EXPECT_THAT(refusal(), HasSubstr("it belongs to another user"));
}

TEST_F(HomeModes, AFileInItsPlaceIsRefused) {
  write(home, 0600);
  EXPECT_THAT(refusal(), HasSubstr("cannot create its home"));
}

TEST_F(HomeModes, WhatCannotBeMadeThoughItsParentIsThereIsRefused) {
  home = "/proc/lambdapool-home/deeper";
  EXPECT_THAT(refusal(), HasSubstr("cannot create its home /proc/lambdapool-home/deeper: No such file"));
}

TEST_F(HomeModes, NothingIsLeftOfOneThatCannotBeMade) {
  home = root / "deeper" / std::string(300, 'h') / "home";
  EXPECT_THAT(refusal(), HasSubstr("File name too long"));
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(HomeModes, OneWhosePathIsTooLongForSqliteIsRefusedBeforeItIsMade) {
  for (int i = 0; i < 6; ++i) home /= std::string(99, 'h');
  EXPECT_THAT(refusal(), HasSubstr("home is too long: it has " + std::to_string(home.string().size())));
  EXPECT_THAT(refusal(), HasSubstr("at most 490 of it"));
  EXPECT_TRUE(fs::is_empty(root));
}

TEST_F(HomeModes, OneWhosePathIsNotUtf8IsRefusedBeforeItIsMade) {
  home = root / "h\xff\xfe";
  EXPECT_THAT(refusal(), HasSubstr(R"(h\xff\xfe, is not UTF-8)"));
  EXPECT_TRUE(fs::is_empty(root));
}

}  // namespace
}  // namespace lambdapool::local

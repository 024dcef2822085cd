// Whose files are obeyed. What another user does is done here by root.
#include "core/trusted_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

namespace lambdapool {
namespace {

namespace fs = std::filesystem;
using Variables = std::map<std::string, std::string>;
using testing::AllOf;
using testing::HasSubstr;

constexpr uid_t stranger = 54321;  // of whom the database of users knows nothing

class TrustedFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "lambdapool-trusted-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = fs::canonical(name);
    directory = root / "directory";
    file = directory / "file.toml";
    fs::create_directory(directory);
    ASSERT_EQ(::chmod(directory.c_str(), 0755), 0);
    std::ofstream(file) << "x";
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  }
  void TearDown() override { fs::remove_all(root); }

  static void give(const fs::path& path, uid_t user, gid_t group) {
    ASSERT_EQ(::lchown(path.c_str(), user, group), 0);
  }
  static std::string refusal(const fs::path& of, const Environment& environment = Environment(),
                             std::optional<uid_t> trusted = std::nullopt) {
    const auto checked = check_trusted(of, environment, trusted);
    return checked ? "" : checked.error().message;
  }

  static fs::path nearest(const fs::path& from, const std::string& name) {
    const auto found = find_trusted_above(from, name, Environment());
    return found ? found->value_or("none") : fs::path("refused");
  }

  fs::path root, directory, file;
};

class TrustedFileOfOthers : public TrustedFile {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files to others";
    TrustedFile::SetUp();
  }
  void TearDown() override {
    if (!root.empty()) TrustedFile::TearDown();
  }
};

TEST_F(TrustedFile, IsOnesOwnInADirectoryOfOnesOwn) {
  EXPECT_EQ(refusal(file), "");
  EXPECT_EQ(refusal(directory / "missing"), "");
  fs::create_symlink("file.toml", directory / "link");
  fs::create_symlink(directory / "link", root / "link");
  EXPECT_EQ(refusal(root / "link"), "");
  fs::create_symlink("self", directory / "self");
  EXPECT_EQ(refusal(directory / "self"), "");
}

TEST_F(TrustedFile, EverybodyMayWriteItIsNot) {
  ASSERT_EQ(::chmod(file.c_str(), 0646), 0);
  EXPECT_EQ(refusal(file), file.string() +
                               " is not obeyed: everybody can write to it (mode 0646); see that it says "
                               "what you want, then run 'chmod go-w " +
                               file.string() + "'.");
  fs::create_symlink(file, root / "link");
  EXPECT_THAT(refusal(root / "link"), AllOf(HasSubstr((root / "link").string() + " is not obeyed"),
                                            HasSubstr(file.string() + ", to which it leads,")));
}

TEST_F(TrustedFile, EverybodyMayReplaceItIsNot) {
  ASSERT_EQ(::chmod(directory.c_str(), 0777), 0);
  EXPECT_THAT(refusal(file), HasSubstr("everybody can write to its directory " + directory.string()));
  fs::create_symlink(file, root / "link");
  EXPECT_THAT(refusal(root / "link"), HasSubstr(directory.string())) << "where the link leads counts";
  ASSERT_EQ(::chmod(directory.c_str(), 01777), 0);
  EXPECT_EQ(refusal(file), "") << "in a sticky directory nobody replaces another's file";
}

TEST_F(TrustedFile, TheNearestOneIsFound) {
  const auto below = directory / "deep" / "er";
  fs::create_directories(below);
  EXPECT_EQ(nearest(below, "file.toml"), file);
  EXPECT_EQ(nearest(below, "no-such-file-of-lambdapool"), "none");
  ASSERT_EQ(::mkfifo((below / "file.toml").c_str(), 0600), 0);
  EXPECT_EQ(nearest(below, "file.toml"), file) << "a FIFO is no file";
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  const auto found = find_trusted_above(below, "file.toml", Environment());
  ASSERT_FALSE(found) << "it is not passed over in silence";
  EXPECT_THAT(found.error().message, HasSubstr(file.string() + " is not obeyed"));
}

TEST_F(TrustedFileOfOthers, BelongsToNobodyElse) {
  give(file, stranger, stranger);
  EXPECT_THAT(refusal(file),
              AllOf(HasSubstr(file.string() + " is not obeyed: it belongs to user 54321, not to you"),
                    HasSubstr("chown")));
  give(file, 0, 0);
  give(directory, stranger, stranger);
  EXPECT_THAT(refusal(file), HasSubstr("its directory " + directory.string() + " belongs to user 54321"));
}

TEST_F(TrustedFileOfOthers, ALinkOfAnotherIsNoneEvenToOnesOwnFile) {
  fs::create_symlink(file, root / "link");
  give(root / "link", stranger, stranger);
  EXPECT_THAT(refusal(root / "link"), HasSubstr("it belongs to user 54321"));
}

TEST_F(TrustedFileOfOthers, BelongsToThatUserWhoCalledSudo) {
  give(file, stranger, stranger);
  give(directory, stranger, stranger);
  EXPECT_NE(refusal(file), "");
  EXPECT_EQ(refusal(file, Environment(Variables{{"SUDO_UID", "54321"}})), "");
  EXPECT_EQ(refusal(file, Environment(), stranger), "") << "or whom the caller trusts";
  for (const char* wrong : {"54322", "x", "-1", "", "4294967295", "54321 "})
    EXPECT_NE(refusal(file, Environment(Variables{{"SUDO_UID", wrong}})), "") << wrong;
}

TEST_F(TrustedFileOfOthers, AGroupMayWriteItWhichIsTheUsersOwn) {
  ASSERT_EQ(::chmod(file.c_str(), 0664), 0);
  ASSERT_EQ(::chmod(directory.c_str(), 0775), 0);
  EXPECT_EQ(refusal(file), "") << "root's";
  give(file, 0, stranger);
  EXPECT_THAT(refusal(file),
              AllOf(HasSubstr("the group 54321 can write to it (mode 0664)"), HasSubstr("chmod g-w")));
  const Environment sudo(Variables{{"SUDO_UID", "54321"}});
  EXPECT_EQ(refusal(file, sudo), "") << "the group of a container's user, who has no name there";
  give(file, stranger, stranger + 1);
  EXPECT_THAT(refusal(file, sudo), HasSubstr("the group 54322 can write to it"));
  give(file, 0, 0);
  give(directory, 0, stranger);
  EXPECT_THAT(refusal(file), HasSubstr("the group 54321 can write to its directory"));
}

}  // namespace
}  // namespace lambdapool

#include "lambdapool/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace lambdapool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string made = fs::temp_directory_path() / "file-test-XXXXXX";
    EXPECT_NE(::mkdtemp(made.data()), nullptr);
    directory_ = made;
  }
  ~FileTest() override { fs::remove_all(directory_); }

  File written(const std::string& name, const std::string& content) {
    std::ofstream(directory_ / name) << content;
    return File(directory_ / name);
  }
  static std::string content_of(const File& file) {
    std::ostringstream content;
    content << std::ifstream(file.path()).rdbuf();
    return content.str();
  }
  static File arrived(const std::string& name, const std::string& content) {
    Writer out;
    for (const std::string& text : {name, std::string(), content}) out.text(text);
    return decode<File>(out.bytes());
  }
  fs::path directory_;
};

TEST_F(FileTest, ArrivesAsACopyOfItsOwnUnderItsName) {
  for (const std::size_t size : {0, 1, 3'000'000}) {
    const std::string content(size, 'x');
    const File sent = written("a b.nc", content);
    const File here = decode<File>(encode(sent));
    EXPECT_NE(here.path(), sent.path());
    EXPECT_EQ(here.name(), "a b.nc");
    EXPECT_EQ(content_of(here), content);
  }
}

TEST_F(FileTest, TheCopyGoesWithTheLastObjectThatHasIt) {
  auto first = std::make_unique<File>(arrived("name", "text"));
  const fs::path path = first->path();
  {
    const File second = *first;
    first.reset();
    EXPECT_EQ(content_of(second), "text");
  }
  EXPECT_FALSE(fs::exists(path.parent_path()));
}

TEST_F(FileTest, IsReadWhenItIsSent) {
  const File file = written("file", "one");
  written("file", "another");
  EXPECT_EQ(content_of(decode<File>(encode(file))), "another");
  fs::remove(file.path());
  EXPECT_THROW(encode(file), fs::filesystem_error);
}

TEST_F(FileTest, ANameFromElsewhereNamesNoOtherPlace) {
  EXPECT_EQ(arrived("../../etc/name", "").name(), "name");
  EXPECT_EQ(arrived("..", "").name(), "file");
  EXPECT_EQ(arrived("", "").name(), "file");
  EXPECT_EQ(arrived(std::string("a\0b", 3), "").name(), "a");
}

TEST_F(FileTest, AUrlTravelsAsItIs) {
  EXPECT_EQ(decode<File>(encode(File("s3://bucket/key.nc"))).path(), "s3://bucket/key.nc");
}

TEST_F(FileTest, WhatIsNoFileIsSaidAtOnce) {
  EXPECT_THROW(File(directory_ / "none"), fs::filesystem_error);
  try {
    File directory(directory_);
    ADD_FAILURE();
  } catch (const fs::filesystem_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot send a directory as a file"));
    EXPECT_EQ(error.path1(), directory_);
  }
}

// As of a disk that is full.
TEST_F(FileTest, WhatCannotBeKeptIsSaidAndLeavesNothing) {
  const std::string sent = encode(written("file", std::string(100'000, 'x')));
  const std::string usual = fs::temp_directory_path();
  fs::create_directory(directory_ / "tmp");
  ::setenv("TMPDIR", (directory_ / "tmp").c_str(), 1);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit little{50'000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &little);
  std::string told;
  try {
    decode<File>(sent);
  } catch (const fs::filesystem_error& error) {
    told = error.what();
    EXPECT_EQ(error.code(), std::errc::file_too_large);
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  ::setenv("TMPDIR", usual.c_str(), 1);
  EXPECT_THAT(told, HasSubstr("cannot keep a file that has arrived"));
  EXPECT_TRUE(fs::is_empty(directory_ / "tmp"));
}

TEST_F(FileTest, AMessageThatEndsEarlyIsRefused) {
  const std::string whole = encode(written("file", "content"));
  EXPECT_THROW(decode<File>(whole.substr(0, whole.size() - 1)), MalformedMessage);
}

}  // namespace
}  // namespace lambdapool

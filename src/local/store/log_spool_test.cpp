#include "local/store/log_spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

class LogSpoolTest : public testing::Test {
 protected:
  LogSpoolTest() {
    std::string name = (fs::temp_directory_path() / "log_spool_test-XXXXXX").string();
    home = ::mkdtemp(name.data());
  }
  ~LogSpoolTest() override { fs::remove_all(home); }

  // In a process that then ends without a word.
  void in_a_process_that_dies(const std::function<void(LogSpool&)>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto spool = LogSpool::make(home);
      work(*spool);
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  }

  std::string recovered() {
    std::string all;
    LogSpool::recover(home, 9,
                      [&](const std::string& function, const std::string& stream, std::string_view lines) {
                        all += function + "/" + stream + ": " + std::string(lines);
                      });
    return all;
  }

  fs::path home;
};

TEST_F(LogSpoolTest, WhatAProcessHadNotWrittenWhenItEndedIsHandedOverOnceOldestFirst) {
  in_a_process_that_dies([](LogSpool& spool) {
    spool.append("f", "s", "1 written\n");
    spool.written(spool.turn());
    spool.append("f", "s", "2 being written\n");
    spool.turn();
    spool.append("f", "t", "3 gathered\n");
  });
  EXPECT_EQ(recovered(), "f/s: 2 being written\nf/t: 3 gathered\n");
  EXPECT_EQ(recovered(), "");
}

TEST_F(LogSpoolTest, AnInvocationThatWasUnderWayIsTold) {
  in_a_process_that_dies([](LogSpool& spool) {
    spool.began("f", "s", "one");
    spool.began("f", "t", "two");
    spool.ended("one");
  });
  EXPECT_THAT(recovered(), testing::MatchesRegex("f/t: 9 .lambdapool: RequestId two has no END: .*\n"));
}

TEST_F(LogSpoolTest, OneWhoseProcessLivesIsLeftAlone) {
  auto spool = LogSpool::make(home);
  spool->append("f", "s", "1 mine\n");
  EXPECT_EQ(recovered(), "");
  EXPECT_FALSE(fs::is_empty(home / "spool"));
  spool.reset();
  EXPECT_TRUE(fs::is_empty(home / "spool"));
}

TEST_F(LogSpoolTest, WhatHasNoRoomIsNotKeptAndHarmsNothing) {
  const std::string large(400 << 10, 'x');
  in_a_process_that_dies([&](LogSpool& spool) {
    spool.append("f", "s", large);
    spool.append("f", "s", large);
    spool.append("f", "s", "small\n");
  });
  EXPECT_EQ(recovered(), "f/s: " + large + "f/s: small\n");
}

TEST_F(LogSpoolTest, AFileThatIsNoSpoolIsRemoved) {
  fs::create_directories(home / "spool");
  std::ofstream(home / "spool" / "other") << "nothing of ours";
  EXPECT_EQ(recovered(), "");
  EXPECT_TRUE(fs::is_empty(home / "spool"));
}

}  // namespace
}  // namespace lambdapool::local

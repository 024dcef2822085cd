#include "local/store/log_spool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

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

TEST_F(LogSpoolTest, ASpoolThatIsBeingMadeIsNotTakenForOneThatWasLeft) {
  std::atomic<bool> made = false;
  std::thread other([&] {
    while (!made) recovered();
  });
  std::vector<std::shared_ptr<LogSpool>> spools;
  for (int i = 0; i < 200; ++i) spools.push_back(LogSpool::make(home));
  made = true;
  other.join();
  const auto files = std::distance(fs::directory_iterator(home / "spool"), fs::directory_iterator());
  EXPECT_EQ(files, std::count_if(spools.begin(), spools.end(), [](const auto& spool) { return !!spool; }));
}

TEST_F(LogSpoolTest, WhatTheParentLeftIsFoundAlthoughAChildOfItLives) {
  int closed[2], held[2];
  ASSERT_EQ(::pipe(closed) + ::pipe(held), 0);
  in_a_process_that_dies([&](LogSpool& spool) {
    char byte = 0;
    spool.append("f", "s", "1 gathered\n");
    if (::fork() != 0) {
      EXPECT_EQ(::read(closed[0], &byte, 1), 1);
      return;
    }
    spool.close_in_fork();
    ::close(held[1]);
    EXPECT_EQ(::write(closed[1], "c", 1), 1);
    EXPECT_EQ(::read(held[0], &byte, 1), 0);
    ::_exit(0);
  });
  EXPECT_EQ(recovered(), "f/s: 1 gathered\n");
  for (const int fd : {closed[0], closed[1], held[0], held[1]}) ::close(fd);
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

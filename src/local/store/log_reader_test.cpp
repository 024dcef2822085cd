#include "local/store/log_reader.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

namespace lambdapool::local {
namespace {

class LogReaderTest : public testing::Test {
 protected:
  ~LogReaderTest() override { std::filesystem::remove_all(home_); }

  std::filesystem::path file(const std::string& stream) const {
    return home_ / "logs" / "f" / (stream + ".log");
  }
  void write(const std::string& stream, const std::string& text) {
    std::filesystem::create_directories(file(stream).parent_path());
    std::ofstream(file(stream), std::ios::app | std::ios::binary) << text;
  }
  std::string read(std::int64_t since = 0) {
    std::string all;
    for (const auto& event : reader_.read(since)) all += event.stream + ":" + event.text + " ";
    return all;
  }

  static std::filesystem::path make_home() {
    std::string pattern = std::filesystem::temp_directory_path() / "lambdapool-log-XXXXXX";
    return ::mkdtemp(pattern.data());
  }

  std::filesystem::path home_ = make_home();
  LogReader reader_{home_, "f"};
};

TEST_F(LogReaderTest, ReadsEachLineOnceInTheOrderOfTime) {
  EXPECT_FALSE(reader_.has_any());
  EXPECT_EQ(read(), "");
  write("a", "10 one\n30 three\n");
  write("b", "20 two\n");
  EXPECT_TRUE(reader_.has_any());
  EXPECT_EQ(read(), "a:one b:two a:three ");
  EXPECT_EQ(read(), "");
  write("b", "40 four\n");
  EXPECT_EQ(read(), "b:four ");
}

TEST_F(LogReaderTest, LeavesOutWhatIsOlder) {
  write("a", "10 one\n30 three\n");
  EXPECT_EQ(read(20), "a:three ");
}

TEST_F(LogReaderTest, FindsATimeInALongFile) {
  std::string text, expected;
  for (int at = 0; at < 5'000; ++at) {
    text += std::to_string(1'000 + at / 3) + " " + std::to_string(at) + "\n";
    if (at % 500 == 0) text += "no time\n" + std::string(30'000, 'x') + "\n";
  }
  write("a", text);
  for (const int since : {1, 1'000, 1'001, 1'700, 2'665, 2'666, 2'667}) {
    LogReader reader(home_, "f");
    const auto events = reader.read(since);
    const int first = std::max(0, 3 * (since - 1'000));
    ASSERT_EQ(events.size(), static_cast<std::size_t>(std::max(0, 5'000 - first))) << since;
    EXPECT_TRUE(events.empty() || events.front().text == std::to_string(first)) << since;
  }
}

TEST_F(LogReaderTest, WaitsForTheEndOfALineThatIsBeingWritten) {
  write("a", "10 one\n20 tw");
  EXPECT_EQ(read(), "a:one ");
  write("a", "o\n");
  EXPECT_EQ(read(), "a:two ");
}

TEST_F(LogReaderTest, LosesAndRepeatsNothingWhenAFileIsBegunAnew) {
  write("a", "10 one\n");
  EXPECT_EQ(read(), "a:one ");
  write("a", "20 two\n");
  std::filesystem::rename(file("a"), file("a").string() + ".1");
  write("a", "20 three\n");
  EXPECT_EQ(read(), "a:two a:three ");
}

TEST_F(LogReaderTest, SkipsWhatIsNoLogLine) {
  write("a", "garbage\n\n10\nx 1\n10 one\n");
  EXPECT_EQ(read(), "a:one ");
}

}  // namespace
}  // namespace lambdapool::local

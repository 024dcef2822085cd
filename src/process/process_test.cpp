#include "process/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace lambdapool::process {
namespace {

TEST(Process, KeepsBothOutputsAndTheExitStatusWhateverTheirSize) {
  const auto outcome =
      run({"/bin/sh", "-c", "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 3"}, Environment());
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->output.size(), 300'000U);
  EXPECT_EQ(outcome->errors.size(), 200'000U);
  EXPECT_EQ(outcome->exit_status, 3);
}

TEST(Process, HasThisEnvironmentAndAnEmptyInput) {
  const auto outcome = run({"sh", "-c", "read line || echo \"$COLOR\""},
                           Environment(std::map<std::string, std::string>{{"COLOR", "blue"}}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "blue\n");
}

TEST(Process, EndedByASignalIsAFailure) {
  const auto outcome = run({"sh", "-c", "kill -TERM $$"}, Environment());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_status, 128 + 15);
}

TEST(Process, ThatIsGivenUpEndsThoughItIgnoresSignalsAndItsOwnChildrenLiveOn) {
  bool asked = false;
  const auto outcome =
      run({"sh", "-c", "trap '' INT TERM; sleep 3 & wait; sleep 20"}, Environment::of_this_process(),
          {.give_up = [&] { return std::exchange(asked, true); }});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::cancelled);
  EXPECT_THAT(outcome.error().message, testing::HasSubstr("sh was interrupted"));
}

TEST(Process, ThatTakesTooLongIsStoppedAlsoWithItsOutputsClosed) {
  const auto outcome = run({"sh", "-c", "exec >&- 2>&-; exec sleep 20"}, Environment::of_this_process(),
                           {.time = std::chrono::milliseconds{50}});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::timed_out);
}

TEST(Process, WithinItsBoundsIsAsWithout) {
  const auto outcome = run({"sh", "-c", "echo done; exit 3"}, Environment::of_this_process(),
                           {.time = std::chrono::minutes{1}, .give_up = [] { return false; }});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->output, "done\n");
  EXPECT_EQ(outcome->exit_status, 3);
}

TEST(Process, ThatCannotBeStartedIsNamed) {
  const auto missing = run({"no-such-program-anywhere"}, Environment());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "Can't start no-such-program-anywhere: it is not on the PATH.");
  const auto path = run({"/no/such/program"}, Environment());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().message, "Can't start /no/such/program: No such file or directory.");
}

TEST(Process, LastLinesOfItsOutputAreShortenedAtLineStarts) {
  EXPECT_EQ(last_lines("a\nb\nc\n\n", 2), "b\nc");
  EXPECT_EQ(last_lines("a\nb", 5), "a\nb");
  EXPECT_EQ(last_lines("one", 1), "one");
  EXPECT_EQ(last_lines("\n \n", 3), "");
}

}  // namespace
}  // namespace lambdapool::process

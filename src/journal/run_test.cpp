#include "journal/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "journal/runs.hpp"

namespace lambdapool::journal {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

using Digests = std::vector<std::string_view>;

class RunTest : public testing::Test {
 protected:
  RunTest() {
    std::string made = (fs::temp_directory_path() / "lambdapool-runs-XXXXXX").string();
    runs = ::mkdtemp(made.data());
  }
  ~RunTest() override { fs::remove_all(runs); }

  std::unique_ptr<RunJournal> open(Opening opening = {.function = "f", .code = "1"}) {
    auto run = RunJournal::open(runs, "r", std::move(opening));
    EXPECT_TRUE(run) << run.error().message;
    return run ? std::move(*run) : nullptr;
  }
  static std::vector<State> claim(RunJournal& run, const Digests& digests) {
    auto states = run.claim(0, digests, RunJournal::Extent::whole);
    EXPECT_TRUE(states) << states.error().message;
    return states.value_or(std::vector<State>{});
  }

  fs::path runs;
};

TEST_F(RunTest, WhatIsDoneIsThereTheNextTime) {
  {
    const auto run = open();
    EXPECT_THAT(claim(*run, {"a", "b"}), ElementsAre(State::missing, State::missing));
    ASSERT_TRUE(run->sent({0, 1}));
    ASSERT_TRUE(run->done({{0, "A"}}));
    ASSERT_TRUE(run->returned({1}));
  }
  const auto run = open();
  EXPECT_THAT(claim(*run, {"a", "b"}), ElementsAre(State::done, State::missing));
  EXPECT_EQ(run->result(0).value_or(""), "A");
}

TEST_F(RunTest, ALargeResultHasAFileOfItsOwn) {
  const std::string large(300'000, 'x');
  const auto run = open();
  claim(*run, {"a", "b"});
  ASSERT_TRUE(run->done({{1, large}, {0, std::string_view()}}));
  EXPECT_EQ(run->result(1).value_or(""), large);
  EXPECT_EQ(run->result(0).value_or("?"), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(runs / "r" / "results"), {}), 1);
}

TEST_F(RunTest, WhatWasUnderWayIsToldAndSentAgainOnlyWhereThatDoesNoHarm) {
  {
    const auto run = open();
    claim(*run, {"a", "b", "c"});
    ASSERT_TRUE(run->sent({1, 2}));
  }
  {
    const auto states = open()->claim(0, {"a", "b", "c"}, RunJournal::Extent::whole);
    ASSERT_FALSE(states);
    EXPECT_EQ(states.error().kind, ErrorKind::run);
    EXPECT_THAT(states.error().message, HasSubstr("2 items were under way"));
    EXPECT_THAT(states.error().message, HasSubstr("items 1, 2"));
  }
  const auto run = open({.function = "f", .code = "1", .idempotent = true});
  EXPECT_THAT(claim(*run, {"a", "b", "c"}), ElementsAre(State::missing, State::missing, State::missing));
}

TEST_F(RunTest, NothingIsLostWhenTheProcessEndsWithoutAWord) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto run = open();
    claim(*run, {"a", "b"});
    const bool written = run->sent({0}) && run->done({{0, "A"}}) && run->sent({1});
    ::_exit(written ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const auto run = open({.function = "f", .code = "1", .idempotent = true});
  EXPECT_THAT(claim(*run, {"a", "b"}), ElementsAre(State::done, State::missing));
}

TEST_F(RunTest, IsUnderWayOnlyOnce) {
  const auto first = open();
  const auto second = RunJournal::open(runs, "r", {.function = "f", .code = "1"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::run);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_EQ(delete_run(runs, "r").error().kind, ErrorKind::run);
}

TEST_F(RunTest, ChangedCodeIsAnErrorUnlessItIsSaidWhatThen) {
  {
    const auto run = open();
    claim(*run, {"a"});
    ASSERT_TRUE(run->done({{0, "A"}}));
  }
  const auto refused = RunJournal::open(runs, "r", {.function = "f", .code = "2"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("the code of the run 'r' has changed"));
  {
    const auto kept = open({.function = "f", .code = "2", .on_change = OnChange::keep});
    EXPECT_THAT(claim(*kept, {"a"}), ElementsAre(State::done));
  }
  const auto restarted = open({.function = "f", .code = "3", .on_change = OnChange::restart});
  EXPECT_THAT(claim(*restarted, {"a"}), ElementsAre(State::missing));
}

TEST_F(RunTest, ChangedItemsAreAnErrorUnlessItIsSaidWhatThen) {
  {
    const auto run = open();
    claim(*run, {"a", "b", "b"});
    ASSERT_TRUE(run->done({{0, "A"}, {1, "B1"}, {2, "B2"}}));
  }
  EXPECT_THAT(open()->claim(0, {"a", "c", "b"}, RunJournal::Extent::whole).error().message,
              HasSubstr("item 1"));
  EXPECT_THAT(open()->claim(0, {"a", "b", "b", "d"}, RunJournal::Extent::whole).error().message,
              HasSubstr("began with 3 items, and these are 4"));
  {
    const auto kept = open({.function = "f", .code = "1", .on_change = OnChange::keep});
    EXPECT_THAT(claim(*kept, {"b", "d", "a", "b", "b"}),
                ElementsAre(State::done, State::missing, State::done, State::done, State::missing));
    EXPECT_EQ(kept->result(2).value_or(""), "A");
  }
  const auto restarted = open({.function = "f", .code = "1", .on_change = OnChange::restart});
  EXPECT_THAT(claim(*restarted, {"a"}), ElementsAre(State::missing));
}

TEST_F(RunTest, AnIterablesItemsComeInParts) {
  {
    const auto run = open();
    ASSERT_TRUE(run->claim(0, {"a", "b"}, RunJournal::Extent::part));
    ASSERT_TRUE(run->done({{1, "B"}}));
  }
  const auto run = open();
  EXPECT_THAT(run->claim(0, {"a"}, RunJournal::Extent::part).value(), ElementsAre(State::missing));
  EXPECT_THAT(run->claim(1, {"b", "c"}, RunJournal::Extent::part).value(),
              ElementsAre(State::done, State::missing));
  EXPECT_EQ(run->claim(3, {}, RunJournal::Extent::part).value().size(), 0u);
}

TEST_F(RunTest, AnIterableThatHasEndedHasANumberOfItemsUntilItGoesFurther) {
  const auto run = open();
  ASSERT_TRUE(run->claim(0, {"a", "b"}, RunJournal::Extent::part));
  EXPECT_FALSE(show_run(runs, "r")->items);
  ASSERT_TRUE(run->ended(2));
  EXPECT_EQ(show_run(runs, "r")->items, 2);
  ASSERT_TRUE(run->claim(2, {"c"}, RunJournal::Extent::part));
  EXPECT_FALSE(show_run(runs, "r")->items);
  ASSERT_TRUE(run->ended(2));
  EXPECT_FALSE(show_run(runs, "r")->items) << "there were more before";
}

TEST_F(RunTest, IsSummedUp) {
  {
    const auto run = open();
    claim(*run, {"a", "b"});
    ASSERT_TRUE(run->sent({0}));
    ASSERT_TRUE(run->done({{1, "B"}}));
    ASSERT_TRUE(run->took({.billed_ms = 2, .memory_mb = 512, .cost = 0.25}));
    ASSERT_TRUE(run->took({}));
    EXPECT_TRUE(list_runs(runs).value().front().under_way);
  }
  const Summary summary = show_run(runs, "r").value();
  EXPECT_EQ(summary.function, "f");
  EXPECT_EQ(summary.items, 2);
  EXPECT_EQ(summary.done, 1);
  EXPECT_THAT(summary.in_doubt, ElementsAre(0));
  EXPECT_EQ(summary.calls, 2);
  EXPECT_DOUBLE_EQ(summary.gb_seconds, 0.001);
  EXPECT_DOUBLE_EQ(summary.cost, 0.25);
  EXPECT_FALSE(summary.under_way);
  ASSERT_TRUE(delete_run(runs, "r"));
  EXPECT_EQ(show_run(runs, "r").error().kind, ErrorKind::not_found);
  EXPECT_EQ(show_run(runs, "../r").error().kind, ErrorKind::invalid_argument);
}

TEST_F(RunTest, ADamagedJournalIsTold) {
  { claim(*open(), {"a"}); }
  for (const char* name : {"journal.db", "journal.db-wal"}) {
    if (!fs::exists(runs / "r" / name)) continue;
    fs::resize_file(runs / "r" / name, 0);
    fs::resize_file(runs / "r" / name, 100'000);
  }
  EXPECT_FALSE(RunJournal::open(runs, "r", {.function = "f", .code = "1"}));
  EXPECT_NE(list_runs(runs).value().front().broken, "");
}

TEST(Runs, PositionsAreReadAsRanges) {
  EXPECT_EQ(in_words({}), "");
  EXPECT_EQ(in_words({4}), "4");
  EXPECT_EQ(in_words({4, 5, 7, 8, 9, 12}), "4, 5, 7 to 9, 12");
  EXPECT_EQ(in_words({4, 5, 7, 8, 9, 12}, 2), "4, 5, 7 to 9, ...");
}

}  // namespace
}  // namespace lambdapool::journal

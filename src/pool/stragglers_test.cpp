#include "pool/stragglers.hpp"

#include <gtest/gtest.h>

namespace lambdapool::pool {
namespace {

using namespace std::chrono_literals;

// A job of single items with a clock of its own: each call is with a worker from when it was sent.
struct Tasks {
  explicit Tasks(std::size_t items, std::size_t workers = 100) : batch(workers, 0) {
    batch.add(1, items, {.chunksize = 1});
    stragglers.watch(1);
    send();
  }
  void send() {
    while (const auto chunk = batch.next()) sent.emplace(chunk->call, now);
  }
  void answer(std::size_t count) {
    for (const auto call : batch.under_way(1)) {
      if (count-- == 0) return;
      batch.settle(*batch.arrived(call), 1);
      stragglers.came_back(1, now - sent.at(call), 1);
    }
  }
  std::optional<std::chrono::milliseconds> look() {
    return stragglers.look(batch, 1, now, [&](Batch::Call call) { return std::optional(sent.at(call)); });
  }
  std::size_t started_again() {
    const std::size_t before = sent.size();
    send();
    return sent.size() - before;
  }

  Batch batch;
  Stragglers stragglers;
  Stragglers::Time now{1h};
  std::unordered_map<Batch::Call, Stragglers::Time> sent;
};

TEST(Stragglers, ACallBeyondThreeTimesTheMedianIsStartedOnceMore) {
  Tasks tasks(12);
  tasks.now += 10s;
  tasks.answer(11);
  EXPECT_NEAR(static_cast<double>(tasks.look()->count()), 20'000, 600);
  EXPECT_FALSE(tasks.look()) << "it looks at that time anyway";
  EXPECT_EQ(tasks.started_again(), 0u);
  tasks.now += 21s;
  tasks.stragglers.time_is_up(1);
  EXPECT_FALSE(tasks.look());
  EXPECT_EQ(tasks.started_again(), 1u);
  tasks.now += 100s;
  EXPECT_FALSE(tasks.look());
  EXPECT_EQ(tasks.started_again(), 0u);
}

TEST(Stragglers, NothingIsJudgedBeforeTenItemsAndHalfOfTheJobAreDone) {
  Tasks few(15);
  few.now += 1s;
  few.answer(9);
  few.now += 100s;
  EXPECT_FALSE(few.look());
  EXPECT_EQ(few.started_again(), 0u);
  few.answer(1);
  few.now += 1h;
  EXPECT_FALSE(few.look());
  EXPECT_EQ(few.started_again(), 5u);

  Tasks many(40);
  many.now += 1s;
  many.answer(19);
  many.now += 100s;
  EXPECT_FALSE(many.look());
  EXPECT_EQ(many.started_again(), 0u);
}

TEST(Stragglers, ATwinThatFailedIsNotMadeAgain) {
  Tasks tasks(11);
  tasks.now += 1s;
  tasks.answer(10);
  tasks.now += 10s;
  tasks.look();
  ASSERT_EQ(tasks.started_again(), 1u);
  tasks.batch.failed_alone(tasks.batch.under_way(1).back());
  tasks.now += 100s;
  EXPECT_FALSE(tasks.look());
  EXPECT_EQ(tasks.started_again(), 0u);
}

TEST(Stragglers, OfAJobThatIsDoneNothingIsKept) {
  Tasks tasks(10);
  tasks.answer(10);
  EXPECT_FALSE(tasks.look());
  EXPECT_FALSE(tasks.stragglers.watches(1));
}

}  // namespace
}  // namespace lambdapool::pool

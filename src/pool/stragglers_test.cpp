#include "pool/stragglers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

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

// How much longer than without it a job of equal items takes where one of the workers is twentyfold slower. A
// call that its pool has let go keeps that worker, and a new one takes its place.
double with_a_slow_worker(std::size_t items, std::size_t workers) {
  Batch batch(workers, 0);
  batch.add(1, items, {.chunksize = 1});
  Stragglers stragglers;
  stragglers.watch(1);
  const Stragglers::Time begin{1h};
  Stragglers::Time now = begin;
  std::unordered_map<Batch::Call, Stragglers::Time> sent;
  std::multimap<Stragglers::Time, Batch::Call> ends;
  std::optional<Stragglers::Time> alarm;
  Batch::Call slow = 0;  // that the slow worker has
  while (true) {
    if (const auto wait = stragglers.look(batch, 1, now, [&](Batch::Call call) { return sent.at(call); }))
      alarm = now + *wait;
    while (const auto chunk = batch.next()) {
      sent.emplace(chunk->call, now);
      ends.emplace(now + (slow != 0 ? 1s : 20s), chunk->call);
      if (slow == 0) slow = chunk->call;
    }
    if (!batch.knows(1)) break;
    if (alarm && *alarm < ends.begin()->first) {
      now = *std::exchange(alarm, std::nullopt);
      stragglers.time_is_up(1);
      continue;
    }
    const auto end = ends.extract(ends.begin());
    now = end.key();
    if (slow == end.mapped()) slow = 0;
    if (const auto chunk = batch.arrived(end.mapped())) {
      batch.settle(*chunk, 1);
      stragglers.came_back(1, now - sent.at(end.mapped()), 1);
    }
  }
  const auto rounds = static_cast<double>((items + workers - 1) / workers);
  return Stragglers::Seconds(now - begin).count() / rounds;
}

TEST(Stragglers, OneWorkerTwentyTimesSlowerCostsAThirdAtMostOfTheTimeOfSixOrMore) {
  for (std::size_t workers = 6; workers <= 12; ++workers)
    for (std::size_t items = 4 * workers; items <= 150; ++items)
      EXPECT_LE(with_a_slow_worker(items, workers), 1.3) << items << " items, " << workers << " workers";
  EXPECT_LE(with_a_slow_worker(16, 4), 1.52)
      << "below that it is the rule: the earliest end is after four medians";
  EXPECT_LE(with_a_slow_worker(20, 5), 1.27);
}

}  // namespace
}  // namespace lambdapool::pool

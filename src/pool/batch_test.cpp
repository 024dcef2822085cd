#include "pool/batch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::pool {

void PrintTo(const Batch::Chunk& chunk, std::ostream* out) {
  *out << "job " << chunk.job << ", " << chunk.count << " from " << chunk.first;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MATCHER_P3(Is, job, first, count, "") {
  return arg.job == static_cast<Batch::Job>(job) && arg.first == static_cast<std::size_t>(first) &&
         arg.count == static_cast<std::size_t>(count);
}

std::vector<Batch::Chunk> all(Batch& batch) {
  std::vector<Batch::Chunk> chunks;
  while (const auto chunk = batch.next()) chunks.push_back(*chunk);
  return chunks;
}

void answer(Batch& batch, const Batch::Chunk& chunk) {
  batch.settle(*batch.arrived(chunk.call), chunk.count);
}

TEST(Batch, HandsOutAsManyCallsAsItsWindowHoldsAndMoreAsTheyComeBack) {
  Batch batch(2, 1);
  batch.add(1, 9, {.chunksize = 2});
  const auto sent = all(batch);
  EXPECT_THAT(sent, ElementsAre(Is(1, 0, 2), Is(1, 2, 2), Is(1, 4, 2)));
  answer(batch, sent[1]);
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 6, 2)));
}

TEST(Batch, AJobThatFindsItsOwnSizeHasTwoCallsAWorkerOut) {
  Batch batch(2, 32);
  batch.add(1, 100, {});
  EXPECT_EQ(all(batch).size(), 4u);
}

TEST(Batch, SizesChunksByWhatCameBack) {
  Batch batch(1, 1);
  batch.add(1, 1'000, {});
  const auto sent = all(batch);
  ASSERT_THAT(sent, ElementsAre(Is(1, 0, 1), Is(1, 1, 1)));
  batch.settle(*batch.arrived(sent[0].call), 1, Chunking::Seconds(1e-5), 10);
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 2, 64)));
}

TEST(Batch, SaysWhoseTurnItIsWithoutHandingAnythingOut) {
  Batch batch(1, 0);
  EXPECT_FALSE(batch.turn());
  batch.add(7, 2, {.chunksize = 1});
  EXPECT_EQ(batch.turn(), 7u);
  EXPECT_EQ(batch.turn(), 7u);
  EXPECT_TRUE(batch.next());
  EXPECT_FALSE(batch.turn()) << "there is no room";
}

TEST(Batch, ServesJobsInTheOrderInWhichTheyCame) {
  Batch batch(3, 0);
  batch.add(7, 2, {.chunksize = 1});
  batch.add(3, 2, {.chunksize = 1});
  EXPECT_THAT(all(batch), ElementsAre(Is(7, 0, 1), Is(7, 1, 1), Is(3, 0, 1)));
}

TEST(Batch, WhatAWorkerNeverStartedGoesFirstAndIsNoReasonToForgetTheJob) {
  Batch batch(1, 0);
  batch.add(1, 3, {.chunksize = 3});
  batch.add(2, 1, {.chunksize = 1});
  const auto chunk = *batch.next();
  EXPECT_FALSE(batch.settle(*batch.arrived(chunk.call), 1));
  EXPECT_TRUE(batch.knows(1));
  const auto rest = all(batch);
  ASSERT_THAT(rest, ElementsAre(Is(1, 1, 2)));
  answer(batch, rest[0]);
  EXPECT_FALSE(batch.knows(1));
  EXPECT_THAT(all(batch), ElementsAre(Is(2, 0, 1)));
}

TEST(Batch, ACallThatCarriesLessThanItsChunkLeavesTheOthersToTheNext) {
  Batch batch(2, 0);
  batch.add(1, 4, {.chunksize = 4});
  const auto chunk = *batch.next();
  EXPECT_FALSE(batch.shorten(chunk.call, 1));
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 1, 3)));
  EXPECT_THAT(*batch.arrived(chunk.call), Is(1, 0, 1));
}

TEST(Batch, AFaultEndsAJobWhereItsOptionsSaySo) {
  struct Case {
    Fault ends_with, met;
    bool ended;
  };
  for (const auto& [ends_with, met, ended] :
       {Case{Fault::item, Fault::item, true}, Case{Fault::call, Fault::item, false},
        Case{Fault::call, Fault::call, true}, Case{Fault::every_call, Fault::call, false},
        Case{Fault::every_call, Fault::every_call, true}}) {
    Batch batch(1, 0);
    batch.add(1, 2, {.chunksize = 1, .ends_with = ends_with});
    const auto chunk = *batch.next();
    batch.settle(*batch.arrived(chunk.call), 1);
    EXPECT_EQ(batch.failed(1, met).has_value(), ended);
    EXPECT_EQ(batch.next().has_value(), !ended);
  }
}

TEST(Batch, AnEndedJobGivesUpWhatIsNotSentAndStillTakesWhatIsUnderWay) {
  Batch batch(2, 0);
  batch.add(1, 5, {.chunksize = 1});
  const auto sent = all(batch);
  batch.settle(*batch.arrived(sent[0].call), 1);
  const auto ended = batch.failed(1, Fault::call);
  ASSERT_TRUE(ended);
  EXPECT_THAT(ended->given_up, ElementsAre(Is(1, 2, 3)));
  EXPECT_THAT(ended->under_way, ElementsAre(sent[1].call));
  EXPECT_FALSE(batch.failed(1, Fault::call)) << "twice";
  EXPECT_THAT(all(batch), IsEmpty());
  EXPECT_TRUE(batch.knows(1));
  answer(batch, sent[1]);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, AJobThatLetsGoGivesUpWhatIsUnderWayToo) {
  Batch batch(2, 0);
  batch.add(1, 3, {.chunksize = 1, .lets_go = true});
  const auto sent = all(batch);
  batch.settle(*batch.arrived(sent[0].call), 1);
  const auto ended = batch.failed(1, Fault::every_call);
  EXPECT_THAT(ended->given_up, ElementsAre(Is(1, 2, 1), Is(1, 1, 1)));
  EXPECT_THAT(ended->under_way, ElementsAre(sent[1].call));
  EXPECT_FALSE(batch.arrived(sent[1].call));
  EXPECT_FALSE(batch.knows(1));
  EXPECT_EQ(batch.calls_out(), 0u);
}

TEST(Batch, WhatWasNotStartedOfAnEndedJobIsGivenUp) {
  Batch batch(2, 0);
  batch.add(1, 4, {.chunksize = 2});
  const auto sent = all(batch);
  batch.end(1, false);
  EXPECT_THAT(*batch.settle(*batch.arrived(sent[0].call), 1), Is(1, 1, 1));
  EXPECT_THAT(*batch.shorten(sent[1].call, 1), Is(1, 3, 1));
  EXPECT_THAT(all(batch), IsEmpty());
  batch.settle(*batch.arrived(sent[1].call), 1);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, JobsThatAreSentAgainKeepTheirOrder) {
  Batch batch(2, 0);
  for (const Batch::Job job : {5u, 6u, 7u}) batch.add(job, 1, {.chunksize = 1});
  const auto sent = all(batch);
  ASSERT_THAT(sent, ElementsAre(Is(5, 0, 1), Is(6, 0, 1)));
  for (const auto& chunk : sent) batch.settle(*batch.arrived(chunk.call), 0);
  EXPECT_THAT(all(batch), ElementsAre(Is(5, 0, 1), Is(6, 0, 1)));
}

TEST(Batch, AnOpenJobTakesItsTurnAgainWithEachExtension) {
  Batch batch(4, 0);
  batch.add(1, 0, {.chunksize = 2, .open = true});
  EXPECT_FALSE(batch.next());
  EXPECT_TRUE(batch.extend(1, 2));
  batch.add(2, 1, {.chunksize = 1});
  const auto sent = all(batch);
  EXPECT_THAT(sent, ElementsAre(Is(1, 0, 2), Is(2, 0, 1)));
  EXPECT_TRUE(batch.extend(1, 1));
  answer(batch, sent[0]);
  const auto more = all(batch);
  ASSERT_THAT(more, ElementsAre(Is(1, 2, 1)));
  answer(batch, more[0]);
  EXPECT_TRUE(batch.knows(1));
  batch.close(1);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, WhatIsAddedToAnEndedJobIsIgnored) {
  Batch batch(1, 0);
  batch.add(1, 1, {.chunksize = 1, .open = true});
  const auto chunk = *batch.next();
  batch.end(1, false);
  EXPECT_FALSE(batch.extend(1, 5));
  EXPECT_FALSE(batch.next());
  answer(batch, chunk);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, HasNothingToDoWithAJobWithoutItems) {
  Batch batch(1, 0);
  batch.add(1, 0, {});
  EXPECT_FALSE(batch.knows(1));
  EXPECT_FALSE(batch.next());
}

TEST(Batch, FaultsOfThePlatformAreThisCallsOrEveryCalls) {
  EXPECT_EQ(fault_of(ErrorKind::worker_died), Fault::call);
  EXPECT_EQ(fault_of(ErrorKind::payload_too_large), Fault::call);
  EXPECT_EQ(fault_of(ErrorKind::not_found), Fault::every_call);
  EXPECT_EQ(fault_of(ErrorKind::access_denied), Fault::every_call);
}

}  // namespace
}  // namespace lambdapool::pool

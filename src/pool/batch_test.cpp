#include "pool/batch_for_tests.hpp"

namespace lambdapool::pool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

TEST(Batch, LooksNoFurtherAheadThanItIsTold) {
  Batch batch(2, 32);
  batch.look_ahead(0);
  batch.add(1, 9, {.chunksize = 1});
  EXPECT_EQ(all(batch).size(), 2u);
  batch.look_ahead(3);
  EXPECT_EQ(all(batch).size(), 3u);
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

TEST(Batch, WhatMayHaveRunFailedNeitherAsEveryCallWouldNorOnThisMachine) {
  EXPECT_TRUE(may_have_run(ErrorKind::timed_out));
  EXPECT_TRUE(may_have_run(ErrorKind::network));
  EXPECT_FALSE(may_have_run(ErrorKind::throttled));
  EXPECT_FALSE(may_have_run(ErrorKind::payload_too_large));
  EXPECT_FALSE(may_have_run(ErrorKind::io));
}

TEST(Batch, AnItemThatIsToComeAgainIsSentAloneWhenItHasWaited) {
  Batch batch(2, 0);
  batch.add(1, 3, {.chunksize = 3});
  const auto chunk = *batch.arrived(batch.next()->call);
  EXPECT_TRUE(batch.again_later(1, 1));
  EXPECT_FALSE(batch.settle(chunk, 3));
  EXPECT_TRUE(batch.knows(1));
  EXPECT_EQ(batch.standing(1)->settled, 2u);
  EXPECT_THAT(all(batch), IsEmpty());
  batch.due(1, 1);
  batch.due(1, 1);
  const auto again = all(batch);
  ASSERT_THAT(again, ElementsAre(Is(1, 1, 1)));
  answer(batch, again[0]);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, WhatWaitsToComeAgainIsGivenUpWithItsJob) {
  Batch batch(2, 0);
  batch.add(1, 2, {.chunksize = 1});
  const auto sent = all(batch);
  const auto first = *batch.arrived(sent[0].call);
  EXPECT_TRUE(batch.again_later(1, 0));
  batch.settle(first, 1);
  EXPECT_THAT(batch.end(1, false).given_up, ElementsAre(Is(1, 0, 1)));
  batch.due(1, 0);
  EXPECT_THAT(all(batch), IsEmpty());
  const auto second = *batch.arrived(sent[1].call);
  EXPECT_FALSE(batch.again_later(1, 1)) << "it has ended";
  batch.settle(second, 1);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, AJobHasNoMoreItemsUnderWayThanItIsAllowed) {
  Batch batch(9, 0);
  batch.add(1, 10, {.chunksize = 4});
  batch.allow(1, 5);
  batch.add(2, 1, {.chunksize = 1});
  const auto sent = all(batch);
  ASSERT_THAT(sent, ElementsAre(Is(1, 0, 4), Is(1, 4, 1), Is(2, 0, 1)));
  answer(batch, sent[0]);
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 5, 4)));
  batch.allow(1, 0);
  EXPECT_THAT(all(batch), IsEmpty());
  EXPECT_FALSE(batch.is_held(1)) << "some are under way";
}

TEST(Batch, AJobThatIsAllowedNothingMoreIsHeldUntilItIs) {
  Batch batch(2, 0);
  batch.add(1, 2, {.chunksize = 1});
  batch.allow(1, 1);
  const auto sent = all(batch);
  batch.allow(1, 0);
  answer(batch, sent.at(0));
  EXPECT_TRUE(batch.is_held(1));
  batch.allow(1, 1);
  EXPECT_FALSE(batch.is_held(1));
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 1, 1)));
}

TEST(Batch, TheFirstAnswerOfTwinsCounts) {
  for (const bool original_first : {true, false}) {
    Batch batch(3, 0);
    batch.add(1, 2, {.chunksize = 1});
    const auto sent = all(batch);
    batch.start_again(sent[1].call);
    batch.start_again(sent[1].call);
    const auto again = all(batch);
    ASSERT_THAT(again, ElementsAre(Is(1, 1, 1)));
    EXPECT_EQ(batch.twin_of(sent[1].call), again[0].call);
    const auto winner = original_first ? sent[1].call : again[0].call;
    const auto loser = original_first ? again[0].call : sent[1].call;
    batch.settle(*batch.arrived(winner), 1);
    EXPECT_EQ(batch.was_too_late(loser), 1u);
    EXPECT_FALSE(batch.arrived(loser));
    EXPECT_FALSE(batch.was_too_late(loser));
    EXPECT_TRUE(batch.knows(1));
    answer(batch, sent[0]);
    EXPECT_FALSE(batch.knows(1));
  }
}

TEST(Batch, OutcomesThatComeEarlyAreSettledBeforeTheAnswer) {
  Batch batch(1, 0);
  batch.add(1, 5, {.chunksize = 5});
  const auto sent = *batch.next();
  const auto early = batch.arrived_early(sent.call, 0, 2);
  ASSERT_TRUE(early);
  EXPECT_THAT(*early, Is(1, 0, 2));
  batch.settle(*early, 2);
  EXPECT_EQ(batch.standing(1)->settled, 2u);
  EXPECT_EQ(batch.standing(1)->out, 3u);
  const auto overlapping = batch.arrived_early(sent.call, 1, 2);
  ASSERT_TRUE(overlapping);
  EXPECT_THAT(*overlapping, Is(1, 2, 1));
  EXPECT_EQ(overlapping->before, 1u);
  batch.settle(*overlapping, 1);
  const auto rest = *batch.arrived(sent.call);
  EXPECT_THAT(rest, Is(1, 3, 2));
  EXPECT_EQ(rest.before, 3u);
  EXPECT_FALSE(batch.settle(rest, 1)) << "the last one goes in another call";
  EXPECT_THAT(all(batch), ElementsAre(Is(1, 4, 1)));
}

TEST(Batch, EarlyOutcomesThatAreKnownOrThatFollowNothingOrAreTheLastAreLeftToTheAnswer) {
  Batch batch(1, 0);
  batch.add(1, 3, {.chunksize = 3});
  const auto sent = *batch.next();
  EXPECT_FALSE(batch.arrived_early(sent.call, 1, 1));
  EXPECT_FALSE(batch.arrived_early(sent.call, 0, 3));
  EXPECT_TRUE(batch.arrived_early(sent.call, 0, 1));
  EXPECT_FALSE(batch.arrived_early(sent.call, 0, 1));
  batch.arrived(sent.call);
  EXPECT_FALSE(batch.arrived_early(sent.call, 1, 1));
}

TEST(Batch, EarlyOutcomesOfOneTwinAreThoseOfTheOther) {
  Batch batch(2, 0);
  batch.add(1, 3, {.chunksize = 3});
  const auto first = *batch.next();
  batch.settle(*batch.arrived_early(first.call, 0, 1), 1);
  batch.start_again(first.call);
  const auto second = *batch.next();
  EXPECT_THAT(second, Is(1, 1, 2));
  batch.settle(*batch.arrived_early(first.call, 1, 1), 1);
  const auto rest = *batch.arrived(second.call);
  EXPECT_THAT(rest, Is(1, 2, 1));
  EXPECT_EQ(rest.before, 1u) << "of its own items";
  batch.settle(rest, 1);
  EXPECT_FALSE(batch.knows(1));
}

TEST(Batch, ATwinThatFailsLeavesItsItemsToTheOther) {
  Batch batch(2, 0);
  batch.add(1, 1, {.chunksize = 1});
  const auto first = *batch.next();
  batch.start_again(first.call);
  const auto second = *batch.next();
  EXPECT_FALSE(batch.failed_alone(first.call));
  EXPECT_TRUE(batch.knows(1));
  EXPECT_TRUE(batch.failed_alone(second.call)) << "it is alone now";
}

TEST(Batch, TwinsOfAJobThatIsLetGoAreGivenUpOnce) {
  Batch batch(2, 0);
  batch.add(1, 1, {.chunksize = 1});
  batch.start_again(batch.next()->call);
  ASSERT_TRUE(batch.next());
  const auto ended = batch.end(1, true);
  EXPECT_THAT(ended.given_up, ElementsAre(Is(1, 0, 1)));
  EXPECT_EQ(ended.under_way.size(), 2u);
  EXPECT_FALSE(batch.knows(1));
}

}  // namespace
}  // namespace lambdapool::pool

// Rows: single items that share a call, and can be had back until they begin.
#include "pool/batch_for_tests.hpp"

namespace lambdapool::pool {
namespace {

using testing::ElementsAre;

std::vector<Batch::Chunk> rows_of(Batch& batch, std::size_t items) {
  batch.add(1, items, {.chunksize = 1, .rows = true});
  for (int i = 0; i < 100; ++i) {
    const auto chunk = *batch.next();
    EXPECT_FALSE(chunk.row);
    batch.settle(*batch.arrived(chunk.call), 1, Chunking::Seconds(0), 10);
  }
  return all(batch);
}

TEST(BatchRows, WhatIsCutOffARowGoesFirstInAnother) {
  Batch batch(2, 0);
  const auto sent = rows_of(batch, 200);
  ASSERT_THAT(sent, ElementsAre(Is(1, 100, 16), Is(1, 116, 16)));
  EXPECT_TRUE(sent[0].row);
  batch.cut(sent[0].call, 3);
  EXPECT_THAT(*batch.arrived(sent[0].call), Is(1, 100, 3));
  const auto next = *batch.next();
  EXPECT_THAT(next, Is(1, 103, 6));
  EXPECT_TRUE(next.row);
}

TEST(BatchRows, ARowIsCutBehindWhatCameEarly) {
  Batch batch(1, 0);
  const auto row = rows_of(batch, 116)[0];
  batch.settle(*batch.arrived_early(row.call, 0, 4), 4);
  batch.cut(row.call, 5);
  const auto arrived = *batch.arrived(row.call);
  EXPECT_THAT(arrived, Is(1, 104, 1));
  EXPECT_EQ(arrived.before, 4u);
  EXPECT_THAT(*batch.next(), Is(1, 105, 11));
}

TEST(BatchRows, ARowOfAJobThatLetsGoIsForgotten) {
  Batch batch(1, 0);
  const auto row = rows_of(batch, 116)[0];
  batch.end(1, true);
  batch.cut(row.call, 5);
  EXPECT_FALSE(batch.arrived(row.call));
  EXPECT_FALSE(batch.knows(1));
}

TEST(BatchRows, WhatARowHasLeftIsSentAlsoWhereItsJobHasFailed) {
  Batch batch(2, 0);
  const auto rows = rows_of(batch, 200);
  batch.cut(rows[0].call, 5);
  const auto ended = batch.failed(1, Fault::call);
  ASSERT_TRUE(ended);
  EXPECT_THAT(ended->given_up, ElementsAre(Is(1, 132, 68)));
  batch.cut(rows[1].call, 6);
  batch.settle(*batch.arrived(rows[0].call), 5);
  batch.settle(*batch.arrived(rows[1].call), 6);
  std::size_t items = 0;
  while (batch.knows(1)) {
    for (const auto& chunk : all(batch)) {
      items += chunk.count;
      batch.settle(*batch.arrived(chunk.call), chunk.count);
    }
  }
  EXPECT_EQ(items, 11u + 10u);
}

TEST(BatchRows, WhatTravelsWithAnotherTakesNoRoomOfItsOwn) {
  Batch batch(1, 1);
  for (Batch::Job job = 1; job <= 6; ++job) batch.add(job, 1, {.chunksize = 1});
  const auto first = *batch.next();
  EXPECT_EQ(batch.front(), 2u);
  const auto with_it = batch.next_with(first.call), with_it_too = batch.next_with(first.call);
  EXPECT_THAT(with_it, Is(2, 0, 1));
  EXPECT_EQ(with_it.carrier, first.call);
  EXPECT_EQ(first.carrier, 0u);
  const auto next = *batch.next();
  EXPECT_THAT(next, Is(4, 0, 1));
  EXPECT_FALSE(batch.next());  // two are out
  EXPECT_EQ(batch.front(), 5u);
  batch.settle(*batch.arrived(with_it.call), 1);
  batch.settle(*batch.arrived(with_it_too.call), 0);
  EXPECT_FALSE(batch.next());
  batch.settle(*batch.arrived(first.call), 1);
  const auto again = *batch.next();
  EXPECT_THAT(again, Is(3, 0, 1));  // before what came later
  EXPECT_TRUE(again.again);
  EXPECT_FALSE(next.again);
}

}  // namespace
}  // namespace lambdapool::pool

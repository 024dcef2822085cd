#include "objects/result_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::objects {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Use = ResultPlaces::Use;

class ResultPlacesTest : public testing::Test {
 protected:
  ResultPlaces places(Use use) {
    return {use, [this](const std::string& name) { return name + "?" + std::to_string(++signed_); }};
  }
  int signed_ = 0;
  const ResultPlaces::Clock::time_point now_ = {};
};

TEST_F(ResultPlacesTest, CallsUnderWayHavePlacesOfTheirOwn) {
  auto places = this->places(Use::again);
  EXPECT_EQ(places.take(1, now_)->url, "result-1?1");
  EXPECT_EQ(places.take(2, now_)->url, "result-2?2");
  EXPECT_EQ(places.name_of(1), "result-1");
  EXPECT_EQ(places.name_of(2), "result-2");
}

TEST_F(ResultPlacesTest, APlaceThatWasLeftEmptyGoesOnToAnotherCallWithItsUrl) {
  auto places = this->places(Use::again);
  places.take(1, now_);
  EXPECT_EQ(places.left_empty(1), "") << "it is of use";
  EXPECT_THAT(places.left_empty(), ElementsAre("result-1"));
  EXPECT_EQ(places.take(2, now_)->url, "result-1?1");
  EXPECT_THAT(places.left_empty(), IsEmpty());
  EXPECT_EQ(places.name_of(2), "result-1");
  EXPECT_EQ(places.name_of(1), "");
  EXPECT_EQ(places.take(3, now_)->name, "result-3");
}

TEST_F(ResultPlacesTest, AnOldUrlIsSignedAgain) {
  auto places = this->places(Use::again);
  places.take(1, now_);
  places.left_empty(1);
  EXPECT_EQ(places.take(2, now_ + seconds(60))->url, "result-1?2");
  places.left_empty(2);
  EXPECT_EQ(places.take(3, now_ + seconds(119))->url, "result-1?2");
}

TEST_F(ResultPlacesTest, WhereSomethingWasPutOrMayBeNobodyElseComes) {
  auto places = this->places(Use::again);
  places.take(1, now_);
  EXPECT_EQ(places.forget(1), "result-1");
  EXPECT_EQ(places.take(2, now_)->name, "result-2");
  EXPECT_EQ(places.forget(1), "");
}

TEST_F(ResultPlacesTest, APlaceIsGivenBackOnce) {
  auto places = this->places(Use::again);
  places.take(1, now_);
  places.left_empty(1);
  EXPECT_EQ(places.left_empty(1), "");
  places.take(2, now_);
  EXPECT_EQ(places.take(3, now_)->name, "result-3");
}

TEST_F(ResultPlacesTest, WhereAnAnswerDoesNotEndTheCallEachPlaceIsUsedOnce) {
  auto places = this->places(Use::once);
  places.take(1, now_);
  EXPECT_EQ(places.left_empty(1), "result-1");
  EXPECT_EQ(places.take(2, now_)->name, "result-2");
}

}  // namespace
}  // namespace lambdapool::objects

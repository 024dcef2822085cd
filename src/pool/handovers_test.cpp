#include "pool/handovers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <string>
#include <vector>

namespace lambdapool::pool {
namespace {

using testing::ElementsAre;

TEST(Handovers, WhoCancelsWaitsUntilTheEngineHasTheCall) {
  Handovers handovers;
  std::vector<std::string> order;
  std::optional<Handovers::Handover> handover(std::in_place, handovers, 7);
  auto cancelling = std::async(std::launch::async, [&] {
    handovers.wait({6, 7});
    order.push_back("cancelled");
  });
  order.push_back("known");
  handover.reset();
  cancelling.get();
  EXPECT_THAT(order, ElementsAre("known", "cancelled"));
}

TEST(Handovers, OtherCallsAndThisThreadsOwnAreNotWaitedFor) {
  Handovers handovers;
  const Handovers::Handover handover(handovers, 7);
  handovers.wait({7});
  std::async(std::launch::async, [&] { handovers.wait({8}); }).get();
}

}  // namespace
}  // namespace lambdapool::pool

#include "report/tariff.hpp"

#include <gtest/gtest.h>

namespace lambdapool::report {
namespace {

Result<Prices> half_on_arm(const std::string& architecture) {
  return Prices{.gb_second = architecture == "arm64" ? 1. : 2., .architecture = architecture};
}

Result<Prices> only_here(const std::string& architecture) {
  if (architecture == to_string(own_architecture())) return Prices{.architecture = architecture};
  return fail(ErrorKind::invalid_argument, "no such prices");
}

TEST(Tariff, HasThePricesOfThisMachineUntilAnAnswerTellsOthers) {
  Tariff tariff;
  EXPECT_EQ(tariff.prices()->gb_second, 0) << "nothing is known yet";
  tariff.set(half_on_arm);
  EXPECT_EQ(tariff.prices()->architecture, to_string(own_architecture()));
  tariff.runs_on(Architecture::arm64);
  EXPECT_EQ(tariff.prices()->gb_second, 1);
  tariff.runs_on(Architecture::x86_64);
  EXPECT_EQ(tariff.prices()->gb_second, 2);
}

TEST(Tariff, StaysWithThemWhereTheOthersAreNotKnown) {
  Tariff tariff;
  tariff.set(only_here);
  for (const Architecture each : {Architecture::x86_64, Architecture::arm64}) tariff.runs_on(each);
  ASSERT_TRUE(tariff.prices());
  EXPECT_EQ(tariff.prices()->architecture, to_string(own_architecture()));
}

}  // namespace
}  // namespace lambdapool::report

#include "core/environment.hpp"

#include <gtest/gtest.h>

namespace lambdapool {
namespace {

using Variables = std::map<std::string, std::string>;

TEST(Environment, TakesAnEmptyVariableForAnUnsetOne) {
  const Environment environment(Variables{{"FULL", "x"}, {"EMPTY", ""}});
  EXPECT_EQ(environment.get("FULL"), "x");
  EXPECT_EQ(environment.get("EMPTY"), std::nullopt);
  EXPECT_EQ(environment.get("MISSING"), std::nullopt);
}

TEST(Environment, FindsTheHomeDirectoryInHomeOrElseInThePasswordDatabase) {
  EXPECT_EQ(Environment(Variables{{"HOME", "/somewhere"}}).home_directory(), "/somewhere");
  EXPECT_TRUE(Environment().home_directory().is_absolute());
}

TEST(Environment, ReadsThisProcess) { EXPECT_TRUE(Environment::of_this_process().get("PATH")); }

}  // namespace
}  // namespace lambdapool

#include "report/prices.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lambdapool::report {
namespace {

class PricesTest : public testing::Test {
 protected:
  ~PricesTest() override { std::filesystem::remove(path_); }
  Environment with(const std::string& text) {
    std::ofstream(path_) << text;
    return naming(path_);
  }
  static Environment naming(const std::string& path) {
    return Environment(std::map<std::string, std::string>{{"LAMBDAPOOL_PRICES", path}});
  }
  std::string refused(const std::string& text) {
    const auto prices = prices_of("us-east-1", "arm64", with(text));
    return prices ? "" : prices.error().message;
  }

  std::string path_ = testing::TempDir() + "prices-" + std::to_string(::getpid()) + "-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(PricesTest, AreThoseOfTheRegionAndArchitecture) {
  EXPECT_DOUBLE_EQ(prices_of("us-east-1", "x86_64", {})->gb_second, 1.66667e-5);
  EXPECT_DOUBLE_EQ(prices_of("eu-central-1", "arm64", {})->gb_second, 1.33334e-5);
  EXPECT_GT(prices_of("af-south-1", "x86_64", {})->gb_second, 2e-5);
  EXPECT_DOUBLE_EQ(prices_of("us-east-1", "x86_64", {})->request, 2e-7);
}

TEST_F(PricesTest, ComeFromAFileThatIsNamed) {
  const auto environment = with(R"({"date": "2027-01-31", "request": 1, "gb_second": {"arm64": 2},
                                    "regions": {"eu-west-1": {"arm64": 3}}})");
  EXPECT_EQ(prices_of("us-east-1", "arm64", environment)->gb_second, 2);
  EXPECT_EQ(prices_of("eu-west-1", "arm64", environment)->gb_second, 3);
  EXPECT_EQ(prices_of("eu-west-1", "arm64", environment)->date, "2027-01-31");
}

TEST_F(PricesTest, OfAFileThatHasSomethingElseAreRefused) {
  EXPECT_NE(refused("no json").find("are no JSON object"), std::string::npos);
  EXPECT_NE(refused("[]").find("are no JSON object"), std::string::npos);
  EXPECT_NE(refused("{}").find("have no \"date\""), std::string::npos);
  EXPECT_NE(refused(R"({"date": "x", "request": "1"})").find("have no \"request\""), std::string::npos);
  EXPECT_NE(
      refused(R"({"date": "x", "request": 1, "gb_second": {"arm64": -1}})").find("\"gb_second\" for arm64"),
      std::string::npos);
  const auto missing = prices_of("us-east-1", "arm64", naming("/does/not/exist"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "the prices in /does/not/exist (LAMBDAPOOL_PRICES) cannot be read");
}

}  // namespace
}  // namespace lambdapool::report

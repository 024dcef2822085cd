#include "gcp/service_name.hpp"

#include <gtest/gtest.h>

namespace lambdapool::gcp {
namespace {

TEST(ServiceName, IsTheFunctionsInLowerCaseWithHyphens) {
  EXPECT_EQ(service_id("algorithms"), "algorithms");
  EXPECT_EQ(service_id("My_Function-2"), "my-function-2");
  EXPECT_EQ(service_id(std::string(49, 'a')), std::string(49, 'a'));
}

TEST(ServiceName, ThatCloudRunRefusesIsRefusedHere) {
  for (const std::string& name : {std::string(), std::string("1st"), std::string("-a"), std::string("a_"),
                                  std::string("a.b"), std::string("a:1"), std::string(50, 'a')}) {
    const auto id = service_id(name);
    ASSERT_FALSE(id) << name;
    EXPECT_EQ(id.error().kind, ErrorKind::invalid_argument);
  }
}

}  // namespace
}  // namespace lambdapool::gcp

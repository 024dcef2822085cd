#include "gcp/project/project.hpp"

#include <gtest/gtest.h>

namespace lambdapool::gcp {
namespace {

using Texts = std::vector<std::string>;

TEST(Apis, ThoseThatAreNotEnabledAreNamed) {
  EXPECT_EQ(get_apis_request("p", {"run.googleapis.com", "logging.googleapis.com"}).target,
            "/v1/projects/p/services:batchGet?names=projects%2Fp%2Fservices%2Frun.googleapis.com"
            "&names=projects%2Fp%2Fservices%2Flogging.googleapis.com");
  const auto disabled = parse_disabled_apis({200, {}, R"({"services": [
      {"name": "projects/7/services/run.googleapis.com", "state": "ENABLED"},
      {"name": "projects/7/services/logging.googleapis.com", "state": "DISABLED"}, 7]})"});
  ASSERT_TRUE(disabled);
  EXPECT_EQ(*disabled, Texts{"logging.googleapis.com"});
  EXPECT_FALSE(parse_disabled_apis({403, {}, "{}"}));
  EXPECT_FALSE(parse_disabled_apis({200, {}, "[]"}));
}

TEST(Permissions, ThoseThatTheCallerHasComeBack) {
  EXPECT_EQ(
      test_service_permissions_request("projects/p/locations/l/services/s", {"run.routes.invoke"}).target,
      "/v2/projects/p/locations/l/services/s:testIamPermissions");
  const auto held = parse_permissions({200, {}, R"({"permissions": ["run.routes.invoke"]})"});
  ASSERT_TRUE(held);
  EXPECT_EQ(*held, Texts{"run.routes.invoke"});
  EXPECT_TRUE(parse_permissions({200, {}, "{}"})->empty());
}

}  // namespace
}  // namespace lambdapool::gcp

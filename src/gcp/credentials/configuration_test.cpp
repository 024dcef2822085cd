#include "gcp/credentials/configuration.hpp"

#include <gtest/gtest.h>

namespace lambdapool::gcp {
namespace {

using Values = std::map<std::string, std::string>;

TEST(Configuration, IsReadAsGcloudWritesIt) {
  const auto values =
      parse_properties("# comment\n[core]\naccount = a@b.c\nproject=p-1\r\n\n[run]\nregion =  r1 \nodd\n");
  const std::map<std::string, std::string> wanted{
      {"core/account", "a@b.c"}, {"core/project", "p-1"}, {"run/region", "r1"}};
  EXPECT_EQ(values, wanted);
}

TEST(Configuration, SaysTheProjectAfterWhatIsNearer) {
  const Configuration gcloud(Values{{"core/project", "of-gcloud"}});
  const Environment nothing;
  const Environment variables(Values{{"GOOGLE_CLOUD_PROJECT", "of-variable"}, {"GCLOUD_PROJECT", "older"}});
  EXPECT_EQ(project_of("given", variables, gcloud, "of-file").value, "given");
  EXPECT_EQ(project_of("", variables, gcloud, "of-file").value, "of-variable");
  EXPECT_EQ(project_of("", Environment(Values{{"GCLOUD_PROJECT", "older"}}), gcloud, "of-file").value,
            "older");
  EXPECT_EQ(project_of("", nothing, gcloud, "of-file").value, "of-file");
  EXPECT_EQ(project_of("", nothing, gcloud, "").value, "of-gcloud");
  EXPECT_EQ(project_of("", nothing, Configuration(Values{}), "").value, "");
}

TEST(Configuration, SaysTheRegionOfCloudRunFirst) {
  const Configuration all(
      {{"run/region", "run"}, {"functions/region", "functions"}, {"compute/region", "compute"}});
  EXPECT_EQ(region_of("given", Environment(), all).value, "given");
  EXPECT_EQ(region_of("", Environment(Values{{"GOOGLE_CLOUD_REGION", "variable"}}), all).value, "variable");
  EXPECT_EQ(region_of("", Environment(), all).value, "run");
  EXPECT_EQ(region_of("", Environment(), Configuration(Values{{"compute/region", "compute"}})).value,
            "compute");
}

TEST(Configuration, TakesVariablesOverFiles) {
  const Environment environment(
      Values{{"CLOUDSDK_CONFIG", "/nowhere"}, {"CLOUDSDK_CORE_PROJECT", "of-variable"}});
  EXPECT_EQ(Configuration::of(environment).value("core/project"), "of-variable");
  EXPECT_EQ(Configuration::of(environment).value("run/region"), "");
}

}  // namespace
}  // namespace lambdapool::gcp

#include "aws/credentials/client_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace lambdapool::aws {
namespace {

using testing::HasSubstr;

class ClientSettingsTest : public testing::Test {
 protected:
  ClientSettingsTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "lambdapool-settings-XXXXXX";
    home_ = ::mkdtemp(pattern.data());
  }
  ~ClientSettingsTest() override { std::filesystem::remove_all(home_); }

  void profile(const std::string& text) {
    std::filesystem::create_directory(home_ / ".aws");
    std::ofstream(home_ / ".aws" / "config") << "[default]\n" << text;
  }
  Result<ClientSettings> resolve(std::map<std::string, std::string> variables) {
    variables.emplace("HOME", home_.string());
    return resolve_client_settings({}, Environment(std::move(variables)));
  }
  std::filesystem::path home_;
};

TEST_F(ClientSettingsTest, WithoutAnySettingTheyAreTheSdksDefaults) {
  const auto settings = resolve({});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->ca_bundle, "");
  EXPECT_EQ(settings->max_attempts, 3);
}

TEST_F(ClientSettingsTest, TheBundleIsTheVariablesThenTheProfilesThenTheOneOfRequestsOrOpenssl) {
  std::map<std::string, std::string> variables = {
      {"AWS_CA_BUNDLE", "/a"}, {"REQUESTS_CA_BUNDLE", "/c"}, {"SSL_CERT_FILE", "/d"}};
  profile("ca_bundle = /b\n");
  EXPECT_EQ(resolve(variables)->ca_bundle, "/a");
  variables.erase("AWS_CA_BUNDLE");
  EXPECT_EQ(resolve(variables)->ca_bundle, "/b");
  profile("");
  EXPECT_EQ(resolve(variables)->ca_bundle, "/c");
  variables.erase("REQUESTS_CA_BUNDLE");
  EXPECT_EQ(resolve(variables)->ca_bundle, "/d");
}

TEST_F(ClientSettingsTest, AttemptsAreTheVariablesThenTheProfiles) {
  profile("max_attempts = 7\n");
  EXPECT_EQ(resolve({})->max_attempts, 7);
  EXPECT_EQ(resolve({{"AWS_MAX_ATTEMPTS", "1"}})->max_attempts, 1);
}

TEST_F(ClientSettingsTest, EveryModeOfTheSdksIsAcceptedAndNoOther) {
  for (const char* mode : {"legacy", "standard", "adaptive"})
    EXPECT_TRUE(resolve({{"AWS_RETRY_MODE", mode}}));
  profile("retry_mode = eager\n");
  const auto refused = resolve({});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("retry_mode of the profile \"default\""));
  EXPECT_THAT(refused.error().message, HasSubstr("'eager'"));
}

TEST_F(ClientSettingsTest, ANumberOfAttemptsThatIsNoneIsRefused) {
  for (const char* wrong : {"0", "-1", "three", "3x", "99999999999999"}) {
    const auto refused = resolve({{"AWS_MAX_ATTEMPTS", wrong}});
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr("AWS_MAX_ATTEMPTS"));
  }
}

}  // namespace
}  // namespace lambdapool::aws

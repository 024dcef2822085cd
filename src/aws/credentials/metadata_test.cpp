#include "aws/credentials/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credentials/credential_source.hpp"
#include "aws/credentials/instance_metadata.hpp"

namespace lambdapool::aws::metadata {
namespace {

using testing::HasSubstr;

TEST(Metadata, VersionTwoAsksWithAToken) {
  const auto token = token_request("");
  EXPECT_EQ(token.method, "PUT");
  EXPECT_EQ(token.target, "/latest/api/token");
  EXPECT_EQ(token.headers.get("x-aws-ec2-metadata-token-ttl-seconds"), "21600");
  const auto request = role_credentials_request("/base", "role", "TOKEN");
  EXPECT_EQ(request.target, "/base/latest/meta-data/iam/security-credentials/role");
  EXPECT_EQ(request.headers.get("x-aws-ec2-metadata-token"), "TOKEN");
  EXPECT_EQ(role_request("", "").headers.find("x-aws-ec2-metadata-token"), nullptr);
}

TEST(Metadata, KeysAreWholeOrNone) {
  const auto keys = parse_credentials(
      {200,
       {},
       R"({"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-22T22:14:26Z"})"});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->identity.session_token, "t");
  EXPECT_FALSE(parse_credentials({200, {}, R"({"Code":"Failed","Message":"AssumeRoleUnauthorizedAccess"})"}));
  EXPECT_FALSE(parse_credentials({200, {}, "not json"}));
  EXPECT_THAT(parse_credentials({404, {}, ""}).error().message, HasSubstr("404"));
}

TEST(Metadata, AContainersSecretsAreAskedForOnlyWhereTheyMayBe) {
  const auto allowed = [](const char* url) { return is_allowed_container_host(*http::Endpoint::parse(url)); };
  for (const char* url :
       {"http://127.0.0.1:1234", "http://127.1.2.3", "http://localhost:80", "http://[::1]:80",
        "http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::23]", "https://any.example"})
    EXPECT_TRUE(allowed(url)) << url;
  for (const char* url : {"http://any.example", "http://169.254.169.254", "http://10.0.0.1",
                          "http://127.0.0.1.example", "http://[fd00:ec2::254]"})
    EXPECT_FALSE(allowed(url)) << url;
}

InstanceMetadata settings(std::map<std::string, std::string> variables) {
  const auto found = instance_metadata(Environment(std::move(variables)), Profile());
  EXPECT_TRUE(found) << found.error().message;
  return found.value_or(InstanceMetadata());
}

TEST(InstanceMetadataSettings, AreThoseOfTheSdks) {
  EXPECT_EQ(settings({}).endpoint.url(), "http://169.254.169.254");
  EXPECT_EQ(settings({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}).endpoint.url(),
            "http://[fd00:ec2::254]");
  EXPECT_EQ(settings({{"AWS_IMDS_USE_IPV6", "true"}}).endpoint.url(), "http://[fd00:ec2::254]");
  const auto set = settings({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:99/base/"},
                             {"AWS_METADATA_SERVICE_TIMEOUT", "2.5"},
                             {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3"},
                             {"AWS_EC2_METADATA_V1_DISABLED", "true"},
                             {"AWS_EC2_METADATA_DISABLED", "TRUE"}});
  EXPECT_EQ(set.endpoint.url(), "http://127.0.0.1:99");
  EXPECT_EQ(set.base_path, "/base");
  EXPECT_EQ(set.timeout.count(), 2'500);
  EXPECT_EQ(set.attempts, 3);
  EXPECT_EQ(set.version1, InstanceMetadata::Version1::disabled);
  EXPECT_TRUE(set.disabled);
}

TEST(InstanceMetadataSettings, ThatMakeNoSenseSayWhereTheyCameFrom) {
  for (const auto& [variable, value] :
       std::map<std::string, std::string>{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nowhere"},
                                          {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv7"},
                                          {"AWS_METADATA_SERVICE_TIMEOUT", "soon"},
                                          {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "-1"}}) {
    const auto found =
        instance_metadata(Environment(std::map<std::string, std::string>{{variable, value}}), Profile());
    ASSERT_FALSE(found) << variable;
    EXPECT_THAT(found.error().message, HasSubstr(variable));
  }
}

}  // namespace
}  // namespace lambdapool::aws::metadata

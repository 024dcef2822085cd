#include "aws/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace lambdapool::aws {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

// A home directory with AWS's two files in it.
class Home : public testing::Test {
 protected:
  Home() {
    auto name = (std::filesystem::temp_directory_path() / "lambdapool-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
    std::filesystem::create_directory(path_ / ".aws");
  }
  ~Home() override {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  void config(const std::string& text) { std::ofstream(path_ / ".aws/config") << text; }
  void credentials(const std::string& text) { std::ofstream(path_ / ".aws/credentials") << text; }
  Environment environment(Variables variables = {}) {
    variables["HOME"] = path_.string();
    return Environment(std::move(variables));
  }
  std::string id_of(const Explicit& given = {}, Variables variables = {}) {
    const auto found = resolve_credentials(given, environment(std::move(variables)));
    return found ? found->identity.access_key_id : found.error().message;
  }
  std::string region_of(const Explicit& given = {}, Variables variables = {}) {
    const auto found = resolve_region(given, environment(std::move(variables)));
    return found ? *found : found.error().message;
  }
  std::string url_of(Variables variables = {}, const std::string& service = "lambda",
                     const std::string& region = "eu-central-1", const Explicit& given = {}) {
    const auto found = resolve_endpoint_url(given, environment(std::move(variables)), service, region);
    return found ? *found : found.error().message;
  }

  std::filesystem::path path_;
};

using CredentialsLookup = Home;
using Region = Home;
using EndpointUrl = Home;

const Variables keys = {{"AWS_ACCESS_KEY_ID", "ENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}};

TEST_F(CredentialsLookup, ComeFromArgumentsThenTheEnvironmentThenTheProfile) {
  credentials("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  Explicit given;
  given.access_key_id = "ARG";
  given.secret_access_key = "s";
  EXPECT_EQ(id_of(given, keys), "ARG");
  EXPECT_EQ(id_of({}, keys), "ENV");
  EXPECT_EQ(id_of(), "FILE");
}

TEST_F(CredentialsLookup, OfAnExplicitProfileWinOverTheEnvironmentButAwsProfileDoesNot) {
  credentials("[other]\naws_access_key_id = OTHER\naws_secret_access_key = s\n");
  Explicit given;
  given.profile = "other";
  EXPECT_EQ(id_of(given, keys), "OTHER");
  auto variables = keys;
  variables["AWS_PROFILE"] = "other";
  EXPECT_EQ(id_of({}, variables), "ENV");
  EXPECT_EQ(id_of({}, {{"AWS_PROFILE", "other"}}), "OTHER");
}

TEST_F(CredentialsLookup, CarryTheirSessionTokenAndSource) {
  auto variables = keys;
  variables["AWS_SESSION_TOKEN"] = "token";
  auto found = resolve_credentials({}, environment(variables));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity.session_token, "token");
  EXPECT_EQ(found->source, "environment");

  credentials("[default]\naws_access_key_id=A\naws_secret_access_key=s=/+\naws_session_token=t\n");
  found = resolve_credentials({}, environment());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identity.secret_access_key, "s=/+");
  EXPECT_EQ(found->identity.session_token, "t");
  EXPECT_THAT(found->source, AllOf(HasSubstr("profile default"), HasSubstr(".aws/credentials")));
}

TEST_F(CredentialsLookup, MissingAltogetherNameBothWaysOut) {
  const auto found = resolve_credentials({}, environment());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::credentials);
  EXPECT_THAT(found.error().message,
              AllOf(HasSubstr("aws configure"), HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr("--target local"),
                    HasSubstr("LAMBDAPOOL_TARGET=local")));
}

TEST_F(CredentialsLookup, GivenInPartAreAnError) {
  Explicit given;
  given.access_key_id = "ARG";
  EXPECT_THAT(id_of(given, keys), HasSubstr("without its secret"));
  given = {};
  given.secret_access_key = "s";
  EXPECT_THAT(id_of(given, keys), HasSubstr("without an access key id"));
  EXPECT_THAT(id_of({}, {{"AWS_ACCESS_KEY_ID", "ENV"}}), HasSubstr("no AWS_SECRET_ACCESS_KEY"));
  credentials("[default]\naws_access_key_id = FILE\n");
  EXPECT_THAT(id_of(), HasSubstr("no aws_secret_access_key"));
}

TEST_F(CredentialsLookup, OfAProfileThatDoesNotExistNameBothFiles) {
  Explicit given;
  given.profile = "nobody";
  EXPECT_THAT(id_of(given),
              AllOf(HasSubstr("\"nobody\""), HasSubstr("[profile nobody]"), HasSubstr("credentials")));
}

TEST_F(CredentialsLookup, AreReadAsBotocoreReadsTheFiles) {
  config(
      "\xEF\xBB\xBF# comment\n; another\n[profile  'my work' ]\r\nREGION : eu-west-1\r\n"
      "s3 =\n  max_concurrent_requests = 20\n  # inside\naws_access_key_id = CONFIG\naws_secret_access_key = "
      "s\n"
      "[plugins]\ncli = x\n[sso-session y]\nsso_region = z\n[default]\nregion = us-east-2\n");
  Explicit given;
  given.profile = "my work";
  EXPECT_EQ(id_of(given), "CONFIG");
  EXPECT_EQ(region_of(given), "eu-west-1");
  EXPECT_EQ(region_of(), "us-east-2");
}

TEST_F(CredentialsLookup, InTheCredentialsFileWinOverThoseInTheConfigFile) {
  config("[default]\naws_access_key_id = CONFIG\naws_secret_access_key = s\n");
  EXPECT_EQ(id_of(), "CONFIG");
  credentials("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(id_of(), "FILE");
}

TEST_F(CredentialsLookup, OfUnsupportedProfilesSayWhichKindItIsAndHowToGetKeys) {
  config(
      "[profile role]\nrole_arn = arn\nsource_profile = default\n[profile web]\nrole_arn = a\n"
      "web_identity_token_file = f\n[profile sso]\nsso_session = s\n[profile process]\ncredential_process = "
      "p\n"
      "[profile login]\nlogin_session = s\n");
  for (const auto& [profile, kind] : std::map<std::string, std::string>{{"role", "role_arn"},
                                                                        {"web", "web_identity_token_file"},
                                                                        {"sso", "IAM Identity Center"},
                                                                        {"process", "credential_process"},
                                                                        {"login", "aws login"}}) {
    Explicit given;
    given.profile = profile;
    EXPECT_THAT(id_of(given), AllOf(HasSubstr(kind), HasSubstr("export-credentials --profile " + profile)));
  }
}

TEST_F(CredentialsLookup, OfAMalformedFileNameTheLine) {
  config("[default]\nregion = x\nnonsense\n");
  EXPECT_THAT(id_of(), AllOf(HasSubstr(".aws/config, line 3"), HasSubstr("name = value")));
  config("region = x\n");
  EXPECT_THAT(id_of(), AllOf(HasSubstr("line 1"), HasSubstr("before the first [section]")));
  config("[default\n");
  EXPECT_THAT(id_of(), HasSubstr("closing bracket"));
}

TEST_F(CredentialsLookup, FilesCanBeElsewhere) {
  std::ofstream(path_ / "keys") << "[default]\naws_access_key_id = THERE\naws_secret_access_key = s\n";
  EXPECT_EQ(id_of({}, {{"AWS_SHARED_CREDENTIALS_FILE", "~/keys"}}), "THERE");
  EXPECT_EQ(id_of({}, {{"AWS_CONFIG_FILE", (path_ / "keys").string()}}), "THERE");
}

TEST_F(Region, ComesFromTheNearestPlace) {
  config("[default]\nregion = us-west-1\n");
  Explicit given;
  given.region = "eu-north-1";
  EXPECT_EQ(region_of(given, {{"AWS_REGION", "eu-west-1"}}), "eu-north-1");
  EXPECT_EQ(region_of({}, {{"AWS_REGION", "eu-west-1"}, {"AWS_DEFAULT_REGION", "eu-west-2"}}), "eu-west-1");
  EXPECT_EQ(region_of({}, {{"AWS_DEFAULT_REGION", "eu-west-2"}}), "eu-west-2");
  EXPECT_EQ(region_of(), "us-west-1");
}

TEST_F(Region, MissingOrImpossibleIsAnError) {
  EXPECT_THAT(region_of(), HasSubstr("no AWS region"));
  for (const char* region : {"eu west", "x.evil.example/", "-a", "a-"}) {
    EXPECT_THAT(region_of({}, {{"AWS_REGION", region}}), HasSubstr("is not an AWS region")) << region;
  }
}

TEST_F(EndpointUrl, IsThatOfTheRegionsPartition) {
  EXPECT_EQ(url_of(), "https://lambda.eu-central-1.amazonaws.com");
  EXPECT_EQ(url_of({}, "lambda", "cn-north-1"), "https://lambda.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url_of({}, "lambda", "us-gov-west-1"), "https://lambda.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url_of({}, "iam"), "https://iam.amazonaws.com");
  EXPECT_EQ(url_of({}, "iam", "cn-northwest-1"), "https://iam.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url_of({}, "iam", "us-gov-east-1"), "https://iam.us-gov.amazonaws.com");
  EXPECT_EQ(url_of({{"AWS_USE_FIPS_ENDPOINT", "true"}}), "https://lambda-fips.eu-central-1.amazonaws.com");
  EXPECT_EQ(signing_region("iam", "eu-central-1"), "us-east-1");
  EXPECT_EQ(signing_region("lambda", "eu-central-1"), "eu-central-1");
  EXPECT_EQ(partition_of("cn-north-1"), "aws-cn");
}

TEST_F(EndpointUrl, IsConfiguredInFourPlaces) {
  config("[default]\nendpoint_url = http://localhost:1\n");
  EXPECT_EQ(url_of(), "http://localhost:1");
  config(
      "[default]\nendpoint_url = http://localhost:1\nservices = mine\n"
      "[services mine]\nlambda =\n  endpoint_url = http://localhost:2\n");
  EXPECT_EQ(url_of(), "http://localhost:2");
  EXPECT_EQ(url_of({}, "iam"), "http://localhost:1");
  EXPECT_EQ(url_of({{"AWS_ENDPOINT_URL", "http://localhost:3"}}), "http://localhost:3");
  EXPECT_EQ(
      url_of({{"AWS_ENDPOINT_URL", "http://localhost:3"}, {"AWS_ENDPOINT_URL_LAMBDA", "http://localhost:4"}}),
      "http://localhost:4");
}

TEST_F(EndpointUrl, ConfiguredCanBeIgnored) {
  config("[default]\nendpoint_url = http://localhost:1\n");
  EXPECT_EQ(
      url_of({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}, {"AWS_ENDPOINT_URL", "http://localhost:3"}}),
      "https://lambda.eu-central-1.amazonaws.com");
}

TEST_F(EndpointUrl, MalformedSaysWhereItCameFrom) {
  EXPECT_THAT(url_of({{"AWS_ENDPOINT_URL_LAMBDA", "localhost"}}),
              AllOf(HasSubstr("localhost"), HasSubstr("AWS_ENDPOINT_URL_LAMBDA")));
}

}  // namespace
}  // namespace lambdapool::aws

#include "aws/credentials/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "aws/credentials/credential_source.hpp"
#include "aws/credentials/instance_metadata.hpp"
#include "aws/endpoint.hpp"

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
  Result<CredentialSource> source_of(const Explicit& given = {}, Variables variables = {}) {
    const auto here = environment(std::move(variables));
    const auto files = SharedFiles::read(here);
    if (!files) return tl::unexpected(files.error());
    return choose_source(given, here, *files);
  }
  // The key id, the method of a source that is no mere key, or the error.
  std::string id_of(const Explicit& given = {}, Variables variables = {}) {
    const auto found = source_of(given, std::move(variables));
    if (!found) return found.error().message;
    const auto* keys = std::get_if<StaticKeys>(&found->kind);
    return keys != nullptr ? keys->identity.access_key_id : std::string(found->method);
  }
  template <class Kind>
  Kind kind_of(const std::string& profile, Variables variables = {}) {
    Explicit given;
    given.profile = profile;
    const auto found = source_of(given, std::move(variables));
    EXPECT_TRUE(found) << found.error().message;
    return found ? std::get<Kind>(found->kind) : Kind();
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
  auto found = source_of({}, variables);
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<StaticKeys>(found->kind).identity.session_token, "token");
  EXPECT_EQ(found->name, "environment");

  credentials("[default]\naws_access_key_id=A\naws_secret_access_key=s=/+\naws_session_token=t\n");
  found = source_of();
  ASSERT_TRUE(found);
  EXPECT_EQ(std::get<StaticKeys>(found->kind).identity.secret_access_key, "s=/+");
  EXPECT_EQ(std::get<StaticKeys>(found->kind).identity.session_token, "t");
  EXPECT_THAT(found->name, AllOf(HasSubstr("profile default"), HasSubstr(".aws/credentials")));
}

TEST_F(CredentialsLookup, EndAtTheInstanceWhoseAbsenceNamesBothWaysOut) {
  const auto found = source_of();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->method, "iam-role");
  EXPECT_THAT(std::get<InstanceMetadata>(found->kind).nothing_there,
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

TEST_F(CredentialsLookup, OfARoleComeFromItsSourceProfileHoweverLongTheChain) {
  config(
      "[profile top]\nrole_arn = TOP\nsource_profile = middle\nexternal_id = x\nduration_seconds = 900\n"
      "mfa_serial = m\nrole_session_name = n\n"
      "[profile middle]\nrole_arn = MIDDLE\nsource_profile = bottom\n"
      "[profile self]\nrole_arn = SELF\nsource_profile = self\naws_access_key_id = "
      "OWN\naws_secret_access_key = s\n");
  credentials("[bottom]\naws_access_key_id = BOTTOM\naws_secret_access_key = s\n");
  const auto top = kind_of<AssumedRole>("top");
  EXPECT_EQ(top.role_arn, "TOP");
  EXPECT_EQ(top.external_id, "x");
  EXPECT_EQ(top.duration_seconds, 900);
  EXPECT_EQ(top.mfa_serial, "m");
  EXPECT_EQ(top.session_name, "n");
  const auto& middle = std::get<AssumedRole>(top.from->kind);
  EXPECT_EQ(middle.role_arn, "MIDDLE");
  EXPECT_EQ(std::get<StaticKeys>(middle.from->kind).identity.access_key_id, "BOTTOM");
  EXPECT_EQ(std::get<StaticKeys>(kind_of<AssumedRole>("self").from->kind).identity.access_key_id, "OWN");
}

TEST_F(CredentialsLookup, OfARoleMayComeFromANamedSource) {
  config(
      "[profile env]\nrole_arn = R\ncredential_source = Environment\n"
      "[profile box]\nrole_arn = R\ncredential_source = EcsContainer\n"
      "[profile vm]\nrole_arn = R\ncredential_source = Ec2InstanceMetadata\n");
  EXPECT_EQ(kind_of<AssumedRole>("env", keys).from->method, "env");
  EXPECT_EQ(kind_of<AssumedRole>("box", {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"}}).from->method,
            "container-role");
  EXPECT_EQ(kind_of<AssumedRole>("vm").from->method, "iam-role");
}

TEST_F(CredentialsLookup, OfARoleThatLeadsNowhereSayWhy) {
  config(
      "[profile both]\nrole_arn = R\nsource_profile = default\ncredential_source = Environment\n"
      "[profile neither]\nrole_arn = R\n[profile absent]\nrole_arn = R\nsource_profile = nobody\n"
      "[profile empty]\nrole_arn = R\nsource_profile = bare\n[profile bare]\nregion = x\n"
      "[profile a]\nrole_arn = R\nsource_profile = b\n[profile b]\nrole_arn = R\nsource_profile = a\n"
      "[profile self]\nrole_arn = R\nsource_profile = self\n"
      "[profile odd]\nrole_arn = R\ncredential_source = Moon\n[profile env]\nrole_arn = R\ncredential_source "
      "= "
      "Environment\n[profile long]\nrole_arn = R\nsource_profile = bare\nduration_seconds = 1h\n");
  for (const auto& [profile, words] : std::map<std::string, std::string>{
           {"both", "both source_profile and credential_source"},
           {"neither", "add source_profile or credential_source"},
           {"absent", "\"nobody\", which is source_profile of \"absent\", does not exist"},
           {"empty", "has no credentials"},
           {"a", "a -> b -> a"},
           {"self", "self -> self"},
           {"odd", "Environment, EcsContainer and Ec2InstanceMetadata"},
           {"env", "AWS_ACCESS_KEY_ID is not set"},
           {"long", "duration_seconds = 1h"}}) {
    Explicit given;
    given.profile = profile;
    EXPECT_THAT(id_of(given), HasSubstr(words));
  }
}

TEST_F(CredentialsLookup, OfAWebIdentityComeFromTheEnvironmentOrTheProfile) {
  config(
      "[profile web]\nrole_arn = PROFILE\nweb_identity_token_file = /p\nrole_session_name = n\n"
      "[profile half]\nweb_identity_token_file = /p\n");
  const auto web =
      kind_of<WebIdentity>("web", {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/e"}, {"AWS_ROLE_ARN", "ENV"}});
  EXPECT_EQ(web.role_arn, "PROFILE");
  EXPECT_EQ(web.session_name, "n");
  EXPECT_EQ(id_of({}, {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/e"}, {"AWS_ROLE_ARN", "ENV"}}),
            "assume-role-with-web-identity");
  EXPECT_THAT(id_of({}, {{"AWS_PROFILE", "half"}}), HasSubstr("AWS_ROLE_ARN"));
}

TEST_F(CredentialsLookup, OfASignInAreInTheClisCache) {
  config(
      "[profile new]\nsso_session = s\nsso_account_id = 1\nsso_role_name = R\n"
      "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x\n"
      "[profile old]\nsso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = "
      "R\n"
      "[profile missing]\nsso_session = gone\nsso_account_id = 1\n"
      "[profile lacking]\nsso_start_url = https://x\nsso_role_name = R\nsso_region = r\n"
      "[profile torn]\nsso_session = s\nsso_region = other\nsso_account_id = 1\nsso_role_name = R\n");
  const auto session = kind_of<SingleSignOn>("new");
  EXPECT_EQ(session.region, "eu-west-1");
  EXPECT_EQ(session.token_file, path_ / ".aws/sso/cache/a0f1490a20d0211c997b44bc357e1972deab8ae3.json");
  EXPECT_EQ(kind_of<SingleSignOn>("old").session, "");
  for (const auto& [profile, words] : std::map<std::string, std::string>{{"missing", "[sso-session gone]"},
                                                                         {"lacking", "lacks sso_account_id"},
                                                                         {"torn", "sso_region = other"}}) {
    Explicit given;
    given.profile = profile;
    EXPECT_THAT(id_of(given), HasSubstr(words));
  }
}

TEST_F(CredentialsLookup, ByProcessComeBeforeTheConfigFilesAndAfterTheCredentialsFiles) {
  config("[default]\ncredential_process = p\naws_access_key_id = CONFIG\naws_secret_access_key = s\n");
  EXPECT_EQ(id_of(), "custom-process");
  credentials("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n");
  EXPECT_EQ(id_of(), "FILE");
}

TEST_F(CredentialsLookup, OfAwsLoginSayHowToGetKeys) {
  config("[profile login]\nlogin_session = s\n");
  EXPECT_THAT(id_of({}, {{"AWS_PROFILE", "login"}}),
              AllOf(HasSubstr("aws login"), HasSubstr("export-credentials --profile login")));
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
  EXPECT_EQ(url_of({{"AWS_USE_DUALSTACK_ENDPOINT", "true"}}), "https://lambda.eu-central-1.api.aws");
  EXPECT_EQ(url_of({}, "sso"), "https://portal.sso.eu-central-1.amazonaws.com");
  EXPECT_EQ(url_of({}, "sso-oidc"), "https://oidc.eu-central-1.amazonaws.com");
  EXPECT_THAT(url_of({{"AWS_USE_FIPS_ENDPOINT", "true"}}, "s3", "cn-north-1"),
              HasSubstr("no FIPS endpoints"));
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

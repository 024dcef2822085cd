#include "aws/credentials/sts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/timestamp.hpp"

namespace lambdapool::aws::sts {
namespace {

using testing::HasSubstr;

TEST(Sts, ARoleIsAssumedWithWhatTheProfileSays) {
  const auto request =
      assume_role_request({"arn:aws:iam::1:role/r", "me", "an id/+", 900, "arn:aws:iam::1:mfa/me", "123456"});
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(
      request.body,
      "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me"
      "&DurationSeconds=900&ExternalId=an%20id%2F%2B&SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme"
      "&TokenCode=123456");
  EXPECT_EQ(assume_role_request({"r", "n"}).body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=r&RoleSessionName=n");
}

TEST(Sts, AnAssumedRoleHasKeysATokenAndAnEnd) {
  const auto got = parse_assumed_role(
      {200,
       {},
       "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>a</Arn></AssumedRoleUser><Credentials>"
       "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s/+</SecretAccessKey><SessionToken>t==</SessionToken>"
       "<Expiration>2026-11-22T22:14:26Z</Expiration></Credentials></AssumeRoleResult></"
       "AssumeRoleResponse>"});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->identity.access_key_id, "ASIA");
  EXPECT_EQ(got->identity.secret_access_key, "s/+");
  EXPECT_EQ(got->identity.session_token, "t==");
  EXPECT_EQ(format_timestamp(*got->expires), "2026-11-22T22:14:26Z");
}

TEST(Sts, AnIncompleteRoleIsRefusedWithoutTellingItsKeys) {
  const auto refused =
      parse_assumed_role({200,
                          {},
                          "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>secret-key</"
                          "SecretAccessKey></Credentials>"
                          "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></R>"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().request_id, "id");
  EXPECT_EQ(refused.error().message.find("secret-key"), std::string::npos);
  EXPECT_EQ(refused.error().detail, "");
}

TEST(Sts, ARefusalKeepsItsCodeAndText) {
  const auto got =
      parse_assumed_role({403,
                          {},
                          "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                          "<Message>not you</Message></Error><RequestId>id</RequestId></ErrorResponse>"});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "AccessDenied");
  EXPECT_EQ(got.error().request_id, "id");
  EXPECT_THAT(got.error().message, HasSubstr("not you"));
}

TEST(Sts, AnAnswerOfSomethingElseIsNoRole) {
  EXPECT_EQ(parse_assumed_role({200, {}, "<html>"}).error().kind, ErrorKind::protocol);
  EXPECT_EQ(parse_caller_identity({200, {}, "hello"}).error().kind, ErrorKind::protocol);
}

TEST(Sts, TheCallerSaysWhoItIs) {
  const auto got = parse_caller_identity(
      {200,
       {},
       "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn>"
       "<UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
       "</GetCallerIdentityResponse>"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->account, "123456789012");
  EXPECT_EQ(got->arn, "arn:aws:iam::123456789012:user/u");
  EXPECT_EQ(got->user_id, "AIDA");
  EXPECT_EQ(get_caller_identity_request().body, "Action=GetCallerIdentity&Version=2011-06-15");
}

}  // namespace
}  // namespace lambdapool::aws::sts

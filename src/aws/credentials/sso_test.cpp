#include "aws/credentials/sso.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/timestamp.hpp"

namespace lambdapool::aws::sso {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const Time now = *parse_timestamp("2026-11-22T22:14:26Z");
constexpr const char* file =
    R"({"startUrl":"https://x.awsapps.com/start","region":"eu-west-1","accessToken":"access",)"
    R"("expiresAt":"2026-11-22T23:00:00Z","clientId":"id","clientSecret":"secret",)"
    R"("registrationExpiresAt":"2026-12-22T23:00:00Z","refreshToken":"refresh"})";

TEST(SsoToken, IsReadAndWrittenAsTheCliDoes) {
  const auto token = parse_token(file);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->access_token, "access");
  EXPECT_EQ(format_timestamp(token->expires_at), "2026-11-22T23:00:00Z");
  const auto again = parse_token(format_token(*token, "https://x.awsapps.com/start", "eu-west-1"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->refresh_token, "refresh");
  EXPECT_EQ(again->registration_expires_at, "2026-12-22T23:00:00Z");
}

TEST(SsoToken, CanBeRenewedWhileItsClientIsRegistered) {
  auto token = *parse_token(file);
  EXPECT_TRUE(token.can_be_renewed(now));
  EXPECT_FALSE(token.can_be_renewed(now + 24h * 40));
  token.refresh_token.clear();
  EXPECT_FALSE(token.can_be_renewed(now));
}

TEST(SsoToken, OfAnotherShapeIsRefusedInWords) {
  EXPECT_THAT(parse_token("oops").error().message, HasSubstr("JSON"));
  EXPECT_THAT(parse_token("{}").error().message, HasSubstr("accessToken"));
  EXPECT_THAT(parse_token(R"({"accessToken":"a","expiresAt":"soon"})").error().message,
              HasSubstr("expiresAt"));
}

TEST(SsoToken, IsRenewedAtOidc) {
  const auto token = *parse_token(file);
  const auto request = create_token_request(token);
  EXPECT_EQ(request.target, "/token");
  EXPECT_EQ(
      request.body,
      R"({"clientId":"id","clientSecret":"secret","grantType":"refresh_token","refreshToken":"refresh"})");
  const auto created = parse_created_token(
      {200, {}, R"({"accessToken":"new","expiresIn":28800,"refreshToken":"next"})"}, token, now);
  ASSERT_TRUE(created);
  EXPECT_EQ(created->access_token, "new");
  EXPECT_EQ(created->expires_at, now + 8h);
  EXPECT_EQ(created->refresh_token, "next");
  EXPECT_EQ(created->client_id, "id");
  const auto endless =
      parse_created_token({200, {}, R"({"accessToken":"new","expiresIn":9223372036854775807})"}, token, now);
  ASSERT_TRUE(endless);
  EXPECT_GT(endless->expires_at, now + 24h * 300);
  EXPECT_FALSE(parse_created_token({400, {}, R"({"error":"invalid_grant"})"}, token, now));
  EXPECT_FALSE(parse_created_token({200, {}, "null"}, token, now));
}

TEST(SsoRole, ItsKeysAreAskedForWithTheToken) {
  const auto request = get_role_credentials_request("Admin Role", "123456789012", "access");
  EXPECT_EQ(request.target, "/federation/credentials?role_name=Admin%20Role&account_id=123456789012");
  EXPECT_EQ(request.headers.get("x-amz-sso_bearer_token"), "access");
  const auto keys = parse_role_credentials(
      {200,
       {},
       R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":1795385666000}})"});
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->identity.access_key_id, "A");
  EXPECT_EQ(keys->expires, now);
  const auto endless = parse_role_credentials(
      {200,
       {},
       R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":9223372036854775807}})"});
  ASSERT_TRUE(endless);
  EXPECT_GT(endless->expires, now + 24h * 300);
  EXPECT_FALSE(parse_role_credentials({200, {}, R"({"roleCredentials":{}})"}));
}

}  // namespace
}  // namespace lambdapool::aws::sso

#include "aws/iam/iam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::aws::iam {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(RoleName, FitsIntoSixtyFourCharactersAndStaysDistinct) {
  EXPECT_EQ(role_name_for("algorithms"), "lambdapool-role-algorithms");
  const auto a = role_name_for(std::string(63, 'x') + "a");
  const auto b = role_name_for(std::string(63, 'x') + "b");
  EXPECT_EQ(a.size(), 64u);
  EXPECT_NE(a, b);
}

TEST(IamRequests, AreFormsOfTheQueryProtocol) {
  const auto request = get_role_request("a b");
  EXPECT_EQ(request.method + " " + request.target, "POST /");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(request.body, "Action=GetRole&Version=2010-05-08&RoleName=a%20b");
  EXPECT_EQ(attach_role_policy_request("r", basic_execution_policy_arn("aws-cn")).body,
            "Action=AttachRolePolicy&Version=2010-05-08&RoleName=r&PolicyArn=arn%3Aaws-cn%3Aiam%3A%3Aaws%"
            "3Apolicy%2F"
            "service-role%2FAWSLambdaBasicExecutionRole");
  EXPECT_EQ(list_attached_role_policies_request("r", "m+").body,
            "Action=ListAttachedRolePolicies&Version=2010-05-08&RoleName=r&Marker=m%2B");
}

TEST(CreateRole, LetsLambdaAssumeTheRole) {
  const auto body = create_role_request("r", "d", {{"lambdapool", "1"}}).body;
  EXPECT_THAT(body, HasSubstr("&Path=%2Flambdapool%2F&"));
  EXPECT_THAT(body, HasSubstr("%22Service%22%3A%22lambda.amazonaws.com%22"));
  EXPECT_THAT(body, HasSubstr("&Description=d&Tags.member.1.Key=lambdapool&Tags.member.1.Value=1"));
}

TEST(ParseRole, ReadsNameAndArn) {
  const auto role =
      parse_role({200, {}, R"(<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <GetRoleResult><Role><Path>/lambdapool/</Path><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>
  <RoleId>AROA</RoleId><RoleName>r&amp;&lt;</RoleName><Arn>arn:aws:iam::1:role/lambdapool/r</Arn></Role></GetRoleResult>
  <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetRoleResponse>)"});
  ASSERT_TRUE(role) << role.error().message;
  EXPECT_EQ(role->name, "r&<");
  EXPECT_EQ(role->arn, "arn:aws:iam::1:role/lambdapool/r");
  EXPECT_EQ(role->path, "/lambdapool/");
}

TEST(RoleName, KeepsTheRegionWholeInTheSecondName) {
  EXPECT_EQ(role_name_for("f", "us-east-1"), "lambdapool-role-f-us-east-1");
  const std::string longest(64, 'x');
  for (const char* region : {"us-east-1", "ap-southeast-3", "*"}) {
    const auto name = role_name_for(longest, region);
    EXPECT_LE(name.size(), 64u);
    EXPECT_TRUE(name.ends_with(std::string("-") + region));
    EXPECT_NE(name, role_name_for(longest + "y", region));
    EXPECT_EQ(name.substr(0, 47), role_name_for(longest, "*").substr(0, 47));
  }
}

TEST(ParseRole, ReadsTags) {
  const auto role = parse_role({200, {}, R"(<GetRoleResponse><GetRoleResult><Role><Arn>arn:x</Arn><Tags>
  <member><Key>a</Key><Value>1&amp;2</Value></member><member><Key>b</Key><Value></Value></member></Tags>
  </Role></GetRoleResult></GetRoleResponse>)"});
  ASSERT_TRUE(role) << role.error().message;
  EXPECT_EQ(role->tags, (std::map<std::string, std::string>{{"a", "1&2"}, {"b", ""}}));
}

TEST(ParseRole, RefusesWhatIsNoIamAnswer) {
  for (const char* body : {"", "{}", "<Role>", "<Role><Arn></Role>"}) {
    const auto role = parse_role({200, {}, body});
    ASSERT_FALSE(role) << body;
    EXPECT_EQ(role.error().kind, ErrorKind::protocol);
  }
}

TEST(ParseAttachedPolicies, ReadsEveryPage) {
  auto policies = parse_attached_policies(
      {200,
       {},
       "<R><AttachedPolicies><member><PolicyName>a</PolicyName><PolicyArn>arn:a</PolicyArn></member><member>"
       "<PolicyArn>arn:b</PolicyArn></member></AttachedPolicies><IsTruncated>true</IsTruncated><Marker>m</"
       "Marker></R>"});
  ASSERT_TRUE(policies);
  EXPECT_THAT(policies->policies, ElementsAre("arn:a", "arn:b"));
  EXPECT_EQ(policies->next_marker, "m");
  policies = parse_attached_policies({200, {}, "<R><AttachedPolicies/><IsTruncated>false</IsTruncated></R>"});
  ASSERT_TRUE(policies);
  EXPECT_THAT(policies->policies, IsEmpty());
  EXPECT_EQ(policies->next_marker, std::nullopt);
}

struct Refused {
  int status;
  const char* code;
  ErrorKind kind;
};

TEST(IamErrors, MeanWhatIamMeans) {
  for (const auto& [status, code, kind] : {Refused{404, "NoSuchEntity", ErrorKind::not_found},
                                           Refused{409, "EntityAlreadyExists", ErrorKind::conflict},
                                           Refused{409, "DeleteConflict", ErrorKind::conflict},
                                           Refused{409, "LimitExceeded", ErrorKind::service},
                                           Refused{400, "MalformedPolicyDocument", ErrorKind::service},
                                           Refused{400, "Throttling", ErrorKind::throttled},
                                           Refused{403, "InvalidClientTokenId", ErrorKind::credentials},
                                           Refused{403, "AccessDenied", ErrorKind::access_denied},
                                           Refused{500, "ServiceFailure", ErrorKind::service}}) {
    const auto done =
        parse_done({status,
                    {},
                    "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>" + std::string(code) +
                        "</Code><Message>why "
                        "&quot;it&quot;</Message></Error><RequestId>id</RequestId></ErrorResponse>"});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, kind) << code;
    EXPECT_EQ(done.error().code, code);
    EXPECT_EQ(done.error().request_id, "id");
    EXPECT_THAT(done.error().message, HasSubstr("why \"it\""));
  }
}

}  // namespace
}  // namespace lambdapool::aws::iam

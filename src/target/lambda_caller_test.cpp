#include "target/lambda_caller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "target/open_caller.hpp"

namespace lambdapool::target {
namespace {

using testing::HasSubstr;

std::unique_ptr<cloud::Caller> caller_of(const std::string& function) {
  Target target;
  target.name = "aws";
  target.region = "us-east-1";
  target.provider = std::make_shared<identity::Provider>(aws::Credentials{{"AKID", "secret"}, "a test"});
  auto caller = open_caller(target, function);
  EXPECT_TRUE(caller);
  return std::move(*caller);
}

TEST(LambdaCaller, KnowsTheFunctionsOwnAnswersFromThoseOfThePlatform) {
  const auto caller = caller_of("f");
  EXPECT_TRUE(caller->is_outcome({200, {}, "{}"}));
  EXPECT_FALSE(caller->is_outcome({429, {}, "{}"}));
  EXPECT_FALSE(caller->is_outcome({500, {}, ""}));
  EXPECT_FALSE(caller->is_outcome({200, {{"X-Amz-Function-Error", "Unhandled"}}, "{}"}));
}

TEST(LambdaCaller, HasTheNameThatCommandsTake) {
  EXPECT_EQ(caller_of("arn:aws:lambda:eu-west-1:123456789012:function:f:live")->name(), "f");
}

TEST(LambdaCaller, IsRefusedForWhatCannotBeAFunction) {
  const auto nameless = open_caller({}, "");
  ASSERT_FALSE(nameless);
  EXPECT_EQ(nameless.error().kind, ErrorKind::invalid_argument);
}

TEST(LambdaCaller, SaysWhatARefusalMeans) {
  const auto judged = caller_of("f")->judge(
      {404, {{"x-amzn-errortype", "ResourceNotFoundException"}}, R"({"Message":"Function not found"})"});
  const auto* failure = std::get_if<cloud::Failure>(&judged);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->kind, cloud::Failure::Kind::final);
  EXPECT_THAT(failure->error.message, HasSubstr("lambdapool create f"));
}

}  // namespace
}  // namespace lambdapool::target

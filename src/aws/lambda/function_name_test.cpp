#include "aws/lambda/function_name.hpp"

#include <gtest/gtest.h>

namespace lambdapool::aws {
namespace {

TEST(FunctionName, IsANameWithOrWithoutQualifierOrAnArn) {
  struct Case {
    const char *text, *name, *qualifier, *region;
  };
  const Case cases[] = {
      {"algorithms", "algorithms", "", ""},
      {"my_Function-2", "my_Function-2", "", ""},
      {"algorithms:$LATEST", "algorithms", "$LATEST", ""},
      {"algorithms:prod", "algorithms", "prod", ""},
      {"123456789012:function:algorithms", "algorithms", "", ""},
      {"123456789012:function:algorithms:7", "algorithms", "7", ""},
      {"function:algorithms", "algorithms", "", ""},
      {"arn:aws:lambda:eu-west-1:123456789012:function:algorithms", "algorithms", "", "eu-west-1"},
      {"arn:aws-cn:lambda:cn-north-1:123456789012:function:algorithms:prod", "algorithms", "prod",
       "cn-north-1"},
      {"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", "f", "", "us-gov-west-1"},
  };
  for (const auto& each : cases) {
    const auto parsed = parse_function_name(each.text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->name, each.name) << each.text;
    EXPECT_EQ(parsed->qualifier, each.qualifier) << each.text;
    EXPECT_EQ(parsed->region, each.region) << each.text;
  }
}

TEST(FunctionName, IsRefusedInASentenceOtherwise) {
  for (const std::string text : {"", "no such", "f:", "f:a:b:c", "a/b", "ärger", "f\n", "arn:aws:s3:::bucket",
                                 "arn:aws:lambda:eu-west-1:12:function:f"}) {
    const auto parsed = parse_function_name(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
  }
  const auto longer = parse_function_name(std::string(65, 'f'));
  ASSERT_FALSE(longer);
  EXPECT_NE(longer.error().message.find("65 characters; at most 64"), std::string::npos);
}

}  // namespace
}  // namespace lambdapool::aws

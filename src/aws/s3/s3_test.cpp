#include "aws/s3/s3.hpp"

#include <gtest/gtest.h>

namespace lambdapool::aws::s3 {
namespace {

const Location location{{"bucket", "lambdapool/f/a+b.zip"}};

TEST(S3, ABucketOfItsOwnHostIsNotInThePath) {
  EXPECT_EQ(delete_object_request(location).target, "/lambdapool/f/a%2Bb.zip");
  EXPECT_EQ(delete_object_request({location.object, Addressing::path}).target,
            "/bucket/lambdapool/f/a%2Bb.zip");
}

TEST(S3, EveryRequestCarriesItsBodysHash) {
  EXPECT_EQ(upload_part_request(location, "id", 1, "abc").headers.get("x-amz-content-sha256"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(S3, ACompletionThatFailsAfterItsHeadersIsAnError) {
  const http::Response late{200, {}, "<Error><Code>InternalError</Code><Message>again</Message></Error>"};
  const auto completed = parse_completed(late);
  ASSERT_FALSE(completed);
  EXPECT_EQ(completed.error().code, "InternalError");
}

TEST(S3, ARefusalSaysWhatS3Said) {
  const auto id = parse_upload_id(
      {404,
       {},
       "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>"});
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, "NoSuchBucket");
  EXPECT_NE(id.error().message.find("The specified bucket does not exist"), std::string::npos);
}

TEST(S3, BucketNamesFollowTheRules) {
  for (const char* good : {"abc", "my-bucket.1", "0ab"}) EXPECT_TRUE(is_bucket_name(good)) << good;
  for (const char* bad : {"", "ab", "Abc", "a_b", "-abc", "abc-", "a..b"})
    EXPECT_FALSE(is_bucket_name(bad)) << bad;
  EXPECT_FALSE(is_bucket_name(std::string(64, 'a')));
}

}  // namespace
}  // namespace lambdapool::aws::s3

// Vectors: AWS's "get-vanilla" family, and botocore's signatures for what that suite lacks (the path of
// an ARN, a session token, S3's path). tests/python/test_sigv4_oracle.py compares at random.
#include "core/sigv4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/encoding.hpp"

namespace lambdapool::sigv4 {
namespace {

using Headers = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::string_view date = "20150830T123600Z";
constexpr std::string_view token =
    "AQoDYXdzEPT//////////"
    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8Y"
    "UuwthAx7mSEI/qkPpKPi/"
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6f"
    "E8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
    "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQ"
    "wj2ICCR/oLxBA==";

struct Vector {
  const char* behaviour;
  const char* service;
  PathEncoding path;
  const char* method;
  const char* target;
  Headers headers;
  const char* body;
  const char* signed_headers;
  const char* signature;
};

Signer signer_for(const char* service, PathEncoding path = PathEncoding::twice) {
  return Signer({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, {"us-east-1", service}, path);
}

const auto empty_hash = sha256_hex("");
const Vector vectors[] = {
    {"a plain request",
     "service",
     PathEncoding::twice,
     "GET",
     "/",
     {},
     "",
     "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"unsorted parameters",
     "service",
     PathEncoding::twice,
     "GET",
     "/?Param2=value2&Param1=value1",
     {},
     "",
     "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"dot segments and slashes",
     "service",
     PathEncoding::twice,
     "GET",
     "/example//photos/../x/./",
     {},
     "",
     "host;x-amz-date",
     "16a5639c376d281c4bf542bec8a09c6cc4b6826c994651f2c1e8760671487188"},
    {"an ARN's path, encoded once more",
     "lambda",
     PathEncoding::twice,
     "POST",
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af%3A%24LATEST/"
     "invocations",
     {{"X-Amz-Log-Type", "Tail"}},
     "{}",
     "host;x-amz-date;x-amz-log-type",
     "1fe492686cb32f1a49423096a7f334f006d45008dd22aae47cb9c55d6602eb66"},
    {"a session token",
     "lambda",
     PathEncoding::twice,
     "POST",
     "/2015-03-31/functions/f/invocations",
     {{"X-Amz-Security-Token", token}},
     "{}",
     "host;x-amz-date;x-amz-security-token",
     "e58cccb757368cd7e2775a58ed21dbcc448f078c8c432080d25a941c24014a31"},
    {"S3's path, as it is",
     "s3",
     PathEncoding::once,
     "GET",
     "/bucket/a%3Ab//c",
     {{"X-Amz-Content-SHA256", empty_hash}},
     "",
     "host;x-amz-content-sha256;x-amz-date",
     "1b4463d9e5bb0237c900af532094f797d168eee37f649d9f2deb885b2df373f1"},
};

TEST(Signer, SignsAsAwsDoes) {
  for (const auto& vector : vectors) {
    auto signer = signer_for(vector.service, vector.path);
    auto headers = vector.headers;
    headers.emplace_back("X-Amz-Date", date);
    headers.emplace_back("Host", "example.amazonaws.com");
    const auto hash = sha256_hex(vector.body);
    EXPECT_EQ(signer.authorization({vector.method, vector.target, headers, hash}, date),
              std::string("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/") + vector.service +
                  "/aws4_request, SignedHeaders=" + vector.signed_headers + ", Signature=" + vector.signature)
        << vector.behaviour;
  }
}

std::string plain_signature(Signer& signer, std::string_view amz_date) {
  const auto hash = sha256_hex("");
  return signer.authorization({"GET", "/", {{"host", "h"}, {"x-amz-date", amz_date}}, hash}, amz_date);
}

TEST(Signer, DerivesANewKeyWhenTheDayChanges) {
  auto used = signer_for("lambda");
  plain_signature(used, "20261122T235959Z");
  auto fresh = signer_for("lambda");
  EXPECT_EQ(plain_signature(used, "20261123T000000Z"), plain_signature(fresh, "20261123T000000Z"));
}

TEST(AmzDate, IsReadAsItIsWritten) {
  using namespace std::chrono;
  const auto time = sys_days(2026y / November / 22) + 19h + 5min + 9s;
  EXPECT_EQ(format_amz_date(time + 999ms), "20261122T190509Z");
  EXPECT_EQ(parse_amz_date("20261122T190509Z"), time);
}

// One that wrapped around could come out as now.
TEST(AmzDate, KeepsYearsThatTheClockCannotSayInThePastOrTheFuture) {
  using namespace std::chrono;
  EXPECT_LT(*parse_amz_date("00000831T023600Z"), sys_days(1950y / January / 1));
  EXPECT_GT(*parse_amz_date("99991231T235959Z"), sys_days(2150y / January / 1));
}

TEST(AmzDate, RefusesWhatIsNoTime) {
  for (const char* text : {"", "20261122T190509", "20261122 190509Z", "20261322T190509Z", "20260230T190509Z",
                           "20261122T240000Z", "20261122T236000Z", "2026-1-2T190509Z", "20261122T1905+9Z"}) {
    EXPECT_EQ(parse_amz_date(text), std::nullopt) << text;
  }
}

TEST(ParseAuthorization, TakesAHeaderApart) {
  for (const char* header :
       {"AWS4-HMAC-SHA256 Credential=A/K/20261122/eu-west-1/lambda/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=ab",
        "AWS4-HMAC-SHA256 "
        "Credential=A/K/20261122/eu-west-1/lambda/aws4_request,SignedHeaders=host;x-amz-date,Signature=ab"}) {
    const auto parts = parse_authorization(header);
    ASSERT_TRUE(parts) << header;
    EXPECT_EQ(parts->access_key_id, "A/K");
    EXPECT_EQ(parts->date, "20261122");
    EXPECT_EQ(parts->region, "eu-west-1");
    EXPECT_EQ(parts->service, "lambda");
    EXPECT_THAT(parts->signed_headers, testing::ElementsAre("host", "x-amz-date"));
    EXPECT_EQ(parts->signature, "ab");
  }
}

TEST(ParseAuthorization, RefusesOtherSchemesAndMissingParts) {
  for (const char* header :
       {"", "Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 nonsense",
        "AWS4-HMAC-SHA256 Credential=K/20261122/r/lambda/aws4_request, SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=K/20261122/r/lambda/aws4_request, Signature=ab",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab",
        "AWS4-HMAC-SHA256 Credential=/20261122/r/lambda/aws4_request, SignedHeaders=host, Signature=ab",
        "AWS4-HMAC-SHA256 Credential=K/2026/r/lambda/aws4_request, SignedHeaders=host, Signature=ab",
        "AWS4-HMAC-SHA256 Credential=K/20261122/r/lambda/aws4, SignedHeaders=host, Signature=ab"}) {
    EXPECT_FALSE(parse_authorization(header)) << header;
  }
}

}  // namespace
}  // namespace lambdapool::sigv4

#include "aws/signed_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::aws {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr auto now = std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + 12h + 36min;

sigv4::Signer signer_with(std::string token) {
  return sigv4::Signer({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", std::move(token)},
                       {"us-east-1", "service"});
}

// AWS's get-vanilla vector.
TEST(Sign, PutsTheHeadersOfASignatureOnARequest) {
  auto signer = signer_with("");
  http::Request request;
  sign(request, signer, "example.amazonaws.com", now);
  EXPECT_EQ(request.headers.get("Host"), "example.amazonaws.com");
  EXPECT_EQ(request.headers.get("X-Amz-Date"), "20150830T123600Z");
  EXPECT_EQ(request.headers.find("X-Amz-Security-Token"), nullptr);
  EXPECT_EQ(request.headers.get("Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(Sign, SendsAndSignsTheSessionToken) {
  auto signer = signer_with("token");
  http::Request request;
  sign(request, signer, "h", now);
  EXPECT_EQ(request.headers.get("X-Amz-Security-Token"), "token");
  EXPECT_THAT(std::string(request.headers.get("Authorization")),
              HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token"));
}

TEST(Sign, LeavesUnsignedWhatConnectionsChange) {
  auto signer = signer_with("");
  http::Request request{"POST", "/", {{"User-Agent", "x"}, {"Connection", "keep-alive"}, {"A", "b"}}, "body"};
  sign(request, signer, "h", now);
  EXPECT_THAT(std::string(request.headers.get("Authorization")),
              HasSubstr("SignedHeaders=a;host;x-amz-date,"));
}

TEST(Sign, ReplacesAnEarlierAttemptsSignature) {
  auto signer = signer_with("token");
  http::Request once;
  sign(once, signer, "h", now + 1h);
  auto again = http::Request();
  sign(again, signer, "h", now);
  sign(again, signer, "h", now + 1h);
  EXPECT_EQ(again.headers.get("Authorization"), once.headers.get("Authorization"));
  EXPECT_EQ(again.headers.items().size(), once.headers.items().size());
}

TEST(Repeated, SignsEachRequestAsIfItWereAlone) {
  const http::Request common{"POST", "/path", {{"A", "b"}, {"User-Agent", "x"}}};
  for (const char* token : {"", "token"}) {
    auto signer = signer_with(token), other = signer_with(token);
    Repeated repeated(common);
    for (const auto later : {0ms, 999ms, 1000ms, 86'400'000ms, 0ms}) {
      const auto at = now + later;
      for (const char* body : {"", "body", "another"}) {
        http::Request alone = common, request;
        alone.body = request.body = body;
        sign(alone, other, "h", at);
        repeated.sign(request, signer, "h", at);
        EXPECT_EQ(request.headers.get("Authorization"), alone.headers.get("Authorization"));
        EXPECT_EQ(*request.common + http::header_lines(request.headers), http::header_lines(alone.headers));
        EXPECT_EQ(request.method + request.target + request.body, "POST/path" + std::string(body));
      }
    }
  }
}

TEST(Repeated, LeavesWhatCannotBeSentToTheClient) {
  auto signer = signer_with("to\r\nken");
  Repeated repeated({"POST", "/path"});
  http::Request request;
  repeated.sign(request, signer, "h", now);
  EXPECT_EQ(request.common, nullptr);
  EXPECT_TRUE(http::breaks_lines(request.headers));
}

TEST(Repeated, IsOverForARequestThatIsSignedAlone) {
  auto signer = signer_with("");
  Repeated repeated({"POST", "/path"});
  http::Request request;
  repeated.sign(request, signer, "h", now);
  sign(request, signer, "h", now);
  EXPECT_EQ(request.common, nullptr);
}

}  // namespace
}  // namespace lambdapool::aws

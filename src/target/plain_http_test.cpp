#include "target/plain_http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::target {
namespace {

using testing::HasSubstr;

Result<void> judged(const char* url, std::optional<http::Proxy> proxy = {}) {
  return refuse_plain_http(*http::Endpoint::parse(url), proxy);
}

TEST(PlainHttp, IsFineOnThisMachineAndHttpsAnywhere) {
  for (const char* url : {"http://127.0.0.1:4566", "http://127.9.8.7", "http://[::1]:80",
                          "http://localhost:5000", "http://LocalHost", "http://moto.localhost:5000",
                          "https://lambda.eu-west-1.amazonaws.com", "unix:/tmp/socket"}) {
    EXPECT_TRUE(judged(url)) << url;
  }
}

TEST(PlainHttp, IsRefusedWhereItLeavesTheMachine) {
  for (const char* url :
       {"http://192.0.2.1:4566", "http://lambda.example.com", "http://localhost.example.com",
        "http://128.0.0.1", "http://[2001:db8::1]", "http://127.0.0.1.example.com"}) {
    const auto verdict = judged(url);
    ASSERT_FALSE(verdict) << url;
    EXPECT_EQ(verdict.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(verdict.error().message, HasSubstr("LAMBDAPOOL_ALLOW_HTTP=1"));
  }
}

TEST(PlainHttp, IsRefusedWhereAProxyTakesItOffTheMachine) {
  EXPECT_FALSE(judged("http://localhost:5000", http::Proxy{*http::Endpoint::parse("http://192.0.2.1:3128")}));
  EXPECT_TRUE(judged("http://localhost:5000", http::Proxy{*http::Endpoint::parse("http://127.0.0.1:3128")}));
}

TEST(PlainHttp, IsAllowedByAVariableThatSaysYes) {
  const auto says = [](const std::string& value) {
    return Environment(std::map<std::string, std::string>{{"LAMBDAPOOL_ALLOW_HTTP", value}});
  };
  for (const char* yes : {"1", "true", "YES", "on"}) EXPECT_TRUE(is_plain_http_allowed(says(yes)));
  for (const char* no : {"", "0", "false", "no", "2"}) EXPECT_FALSE(is_plain_http_allowed(says(no)));
  EXPECT_FALSE(is_plain_http_allowed(Environment(std::map<std::string, std::string>())));
}

}  // namespace
}  // namespace lambdapool::target

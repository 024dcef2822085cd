#include "http/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lambdapool::http {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string chosen(const std::map<std::string, std::string>& environment, const char* url) {
  auto proxy = ProxySettings(environment).choose(*Endpoint::parse(url));
  if (!proxy) return proxy.error().message;
  return *proxy ? (*proxy)->endpoint.url() : "none";
}

TEST(Proxy, TheSchemeOfTheEndpointChoosesTheVariable) {
  const std::map<std::string, std::string> both = {{"HTTP_PROXY", "http://one:1"}, {"HTTPS_PROXY", "two:2"}};
  EXPECT_EQ(chosen(both, "http://service"), "http://one:1");
  EXPECT_EQ(chosen(both, "https://service"), "http://two:2");
  EXPECT_EQ(chosen({}, "https://service"), "none");
  EXPECT_EQ(chosen({{"ALL_PROXY", "http://one:1"}}, "https://service"), "none");
  EXPECT_EQ(chosen({{"HTTP_PROXY", "http://one:1"}}, "unix:/socket"), "none");
}

TEST(Proxy, TheLowerSpellingWinsAndAnEmptyOneSwitchesOff) {
  EXPECT_EQ(chosen({{"HTTPS_PROXY", "one:1"}, {"https_proxy", "two:2"}}, "https://service"), "http://two:2");
  EXPECT_EQ(chosen({{"HTTPS_PROXY", "one:1"}, {"https_proxy", ""}}, "https://service"), "none");
  EXPECT_EQ(chosen({{"HTTPS_PROXY", ""}, {"https_proxy", "two:2"}}, "https://service"), "http://two:2");
}

TEST(Proxy, ACgiProgramTrustsOnlyTheLowerSpelling) {
  EXPECT_EQ(chosen({{"HTTP_PROXY", "one:1"}, {"REQUEST_METHOD", "GET"}}, "http://service"), "none");
  EXPECT_EQ(chosen({{"http_proxy", "one:1"}, {"REQUEST_METHOD", "GET"}}, "http://service"), "http://one:1");
}

TEST(Proxy, UserAndPasswordAreDecodedIntoAHeader) {
  auto proxy = Proxy::parse("https://me%40home:p%3Ass%2F@[::1]:3129/", "HTTPS_PROXY");
  ASSERT_TRUE(proxy) << proxy.error().message;
  EXPECT_EQ(proxy->endpoint.url(), "https://[::1]:3129");
  EXPECT_EQ(proxy->authorization, "Basic bWVAaG9tZTpwOnNzLw==");  // me@home:p:ss/
  EXPECT_EQ(Proxy::parse("proxy", "HTTPS_PROXY")->authorization, "");
  EXPECT_EQ(Proxy::parse("//proxy:81", "HTTPS_PROXY")->endpoint.url(), "http://proxy:81");
}

TEST(Proxy, WhatIsNoProxysUrlIsRefusedWithoutTellingThePassword) {
  for (const char* wrong :
       {"socks5://user:secret@proxy:1080", "http://user:secret@proxy:99999",
        "http://user:secret/2@proxy:3128", "http://user:secret#2@proxy:3128", "http://"}) {
    auto proxy = Proxy::parse(wrong, "HTTPS_PROXY");
    ASSERT_FALSE(proxy) << wrong;
    EXPECT_EQ(proxy.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(proxy.error().message, HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(proxy.error().message, Not(HasSubstr("secret")));
  }
}

struct Bypass {
  const char* no_proxy;
  const char* authority;
  bool bypassed;
};

class NoProxy : public testing::TestWithParam<Bypass> {};

TEST_P(NoProxy, IsReadAsUrllibReadsIt) {
  EXPECT_EQ(is_bypassed(GetParam().no_proxy, GetParam().authority), GetParam().bypassed)
      << GetParam().no_proxy << " and " << GetParam().authority;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, NoProxy,
    testing::Values(Bypass{"*", "any.example", true}, Bypass{"a.example, *", "any.example", false},
                    Bypass{"example", "example", true}, Bypass{"example", "a.example", true},
                    Bypass{"example", "anexample", false}, Bypass{".example", "a.example", true},
                    Bypass{".example", "example", true}, Bypass{" a.example , b.example", "b.example", true},
                    Bypass{"A.Example", "a.eXample", true}, Bypass{"a.example:80", "a.example:80", true},
                    Bypass{"a.example:80", "a.example:81", false}, Bypass{"a.example", "a.example:81", true},
                    Bypass{"127.0.0.1", "127.0.0.1:4566", true}, Bypass{"127.0.0.0/8", "127.0.0.1", false},
                    Bypass{"[::1]", "[::1]:80", true}, Bypass{"::1", "[::1]:80", false},
                    Bypass{"", "a.example", false}, Bypass{",,", "a.example", false}));

}  // namespace
}  // namespace lambdapool::http

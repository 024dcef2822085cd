#include "http/message.hpp"

#include <gtest/gtest.h>

namespace lambdapool::http {
namespace {

TEST(Headers, AreFoundWithoutRegardToCase) {
  Headers headers{{"Content-Type", "a"}, {"X-Amz-Date", "b"}};
  EXPECT_EQ(headers.get("content-type"), "a");
  EXPECT_EQ(headers.get("X-AMZ-DATE"), "b");
  EXPECT_EQ(headers.find("host"), nullptr);
}

TEST(Headers, SetReplacesEveryHeaderOfThatName) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("a", "4");
  ASSERT_EQ(headers.items().size(), 2u);
  EXPECT_EQ(headers.get("A"), "4");
}

struct UrlCase {
  const char* url;
  Endpoint::Scheme scheme;
  const char* host;
  int port;
  const char* host_header;
  const char* canonical;
};

class AcceptedUrl : public testing::TestWithParam<UrlCase> {};

TEST_P(AcceptedUrl, IsParsedAndWrittenBack) {
  const auto& expected = GetParam();
  auto endpoint = Endpoint::parse(expected.url);
  ASSERT_TRUE(endpoint) << expected.url;
  EXPECT_EQ(endpoint->scheme, expected.scheme);
  EXPECT_EQ(endpoint->host, expected.host);
  EXPECT_EQ(endpoint->port, expected.port);
  EXPECT_EQ(endpoint->host_header(), expected.host_header);
  EXPECT_EQ(endpoint->url(), expected.canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Endpoint, AcceptedUrl,
    testing::Values(
        UrlCase{"https://lambda.eu-west-1.amazonaws.com", Endpoint::Scheme::https,
                "lambda.eu-west-1.amazonaws.com", 443, "lambda.eu-west-1.amazonaws.com",
                "https://lambda.eu-west-1.amazonaws.com"},
        UrlCase{"http://localhost:4566/", Endpoint::Scheme::http, "localhost", 4566, "localhost:4566",
                "http://localhost:4566"},
        UrlCase{"HTTP://127.0.0.1", Endpoint::Scheme::http, "127.0.0.1", 80, "127.0.0.1", "http://127.0.0.1"},
        UrlCase{"https://[::1]:8443", Endpoint::Scheme::https, "::1", 8443, "[::1]:8443",
                "https://[::1]:8443"},
        UrlCase{"unix:/run/x.sock", Endpoint::Scheme::unix_socket, "", 0, "localhost", "unix:/run/x.sock"},
        UrlCase{"unix:///run/x.sock", Endpoint::Scheme::unix_socket, "", 0, "localhost",
                "unix:/run/x.sock"}));

class RefusedUrl : public testing::TestWithParam<const char*> {};

TEST_P(RefusedUrl, IsNoEndpoint) { EXPECT_FALSE(Endpoint::parse(GetParam())); }

INSTANTIATE_TEST_SUITE_P(Endpoint, RefusedUrl,
                         testing::Values("", "localhost:4566", "ftp://host", "http://", "http://host:0",
                                         "http://host:99999", "http://host:80x", "http://host/path",
                                         "http://[::1", "http://user@host", "unix:relative", "http://a b"));

}  // namespace
}  // namespace lambdapool::http

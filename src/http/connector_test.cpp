// The way through a proxy, as the proxy sees it. A real one is in tests/cli/test_transport.py.
#include "http/connector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "http/patience.hpp"
#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

class ConnectorTest : public testing::Test {
 protected:
  // Every connection hears one head and says `answer`.
  void serve(std::string answer) {
    proxy_ = std::make_unique<RawServer>([this, answer = std::move(answer)](RawConnection& peer, int) {
      heard_.push_back(peer.hear_until("\r\n\r\n"));
      peer.say(answer);
      peer.finish();
      peer.hear_to_the_end();
    });
  }
  ClientOptions options(const char* endpoint, const std::string& user = "") {
    const auto url = "http://" + user + "127.0.0.1:" + std::to_string(proxy_->port());
    const ProxySettings proxies({{"http_proxy", url}, {"https_proxy", url}});
    return {.endpoint = *Endpoint::parse(endpoint), .proxies = proxies};
  }
  std::string failure(const char* endpoint, const std::string& user = "") {
    Client client(loop_, options(endpoint, user));
    const auto answer = client.call({"GET", "/", {}, {}}, patience);
    if (answer) return "answered " + std::to_string(answer->status);
    EXPECT_EQ(answer.error().reached, TransportError::Reached::no);
    EXPECT_EQ(answer.error().error.kind, ErrorKind::network);
    return answer.error().error.message;
  }

  std::vector<std::string> heard_;
  EventLoop loop_;
  std::unique_ptr<RawServer> proxy_;
};

TEST_F(ConnectorTest, ForHttpTheProxyGetsTheWholeUrlAndAConnectionIsForOneRequest) {
  serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  {
    Client client(loop_, options("http://service.example:8080", "me:word@"));
    for (int i = 0; i < 2; ++i) {
      auto answer = client.call({"GET", "/path?query", {}, {}}, patience);
      ASSERT_TRUE(answer) << answer.error().error.message;
      EXPECT_EQ(answer->body, "ok");
    }
  }
  proxy_.reset();
  ASSERT_EQ(heard_.size(), 2u);
  EXPECT_THAT(heard_[1], StartsWith("GET http://service.example:8080/path?query HTTP/1.1\r\n"));
  EXPECT_THAT(heard_[1], HasSubstr("\r\nHost: service.example:8080\r\n"));
  EXPECT_THAT(heard_[1], HasSubstr("\r\nProxy-Authorization: Basic bWU6d29yZA==\r\n"));
}

TEST_F(ConnectorTest, ForHttpsATunnelIsAskedForAndNothingElseIsSaidInTheOpen) {
  serve("HTTP/1.1 503 Unable to connect\r\n\r\n");
  EXPECT_THAT(failure("https://service.example"),
              HasSubstr("refused to connect to service.example:443 (HTTP 503)"));
  proxy_.reset();
  EXPECT_EQ(heard_[0], "CONNECT service.example:443 HTTP/1.1\r\nHost: service.example:443\r\n\r\n");
}

TEST_F(ConnectorTest, AProxyThatWantsAPasswordIsToldFromOneThatRefusesIt) {
  serve("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  for (const char* endpoint : {"http://service.example", "https://service.example"}) {
    EXPECT_THAT(failure(endpoint), HasSubstr("http://user:password@127.0.0.1:"));
    EXPECT_THAT(failure(endpoint, "me:word@"), HasSubstr("refused the user and password in its URL"));
  }
}

TEST_F(ConnectorTest, AnAnswerThatIsNotHttpIsSaid) {
  serve("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  EXPECT_THAT(failure("https://service.example"), HasSubstr("it answered with something that is not HTTP"));
}

TEST_F(ConnectorTest, AProxyThatClosesInsteadOfAnsweringIsSaid) {
  serve("HTTP/1.1 200 Connec");
  EXPECT_THAT(failure("https://service.example"), HasSubstr("closed the connection"));
}

TEST_F(ConnectorTest, ASilentProxyIsNotWaitedForForEver) {
  std::promise<void> over;
  proxy_ = std::make_unique<RawServer>([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    over.get_future().wait();
  });
  auto with = options("https://service.example");
  with.connect_timeout = 50ms;
  {
    Client client(loop_, with);
    const auto answer = client.call({"GET", "/", {}, {}}, patience);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().error.message, HasSubstr("service.example:443 through the proxy 127.0.0.1:"));
    EXPECT_THAT(answer.error().error.message, HasSubstr("no answer within 0.050 s"));
  }
  over.set_value();
}

}  // namespace
}  // namespace lambdapool::http

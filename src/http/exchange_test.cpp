// The client and the server against each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <latch>

#include "http/client.hpp"
#include "http/patience.hpp"
#include "http/server.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class ExchangeTest : public testing::Test {
 protected:
  std::unique_ptr<Listener> listen(Handler handler, ServerLimits limits = {}) {
    auto listener = listen_tcp(server_loop_, "127.0.0.1", 0, std::move(handler), limits);
    EXPECT_TRUE(listener) << listener.error().message;
    return std::move(*listener);
  }
  EventLoop server_loop_;
  EventLoop client_loop_;
};

Response ok(std::string body) { return {200, {}, std::move(body)}; }

void echo(Request request, Responder responder) {
  Response response = ok(std::move(request.body));
  response.headers.add("X-Target", request.target);
  response.headers.add("X-Method", request.method);
  responder.send(std::move(response));
}

TEST_F(ExchangeTest, ARequestIsAnswered) {
  auto listener = listen(echo);
  Client client(client_loop_, {.endpoint = listener->endpoint()});
  auto answer = client.call({"POST", "/a?b=c", {{"X-Own", "1"}}, "hello"}, patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->headers.get("x-target"), "/a?b=c");
  EXPECT_EQ(answer->headers.get("x-method"), "POST");
}

TEST_F(ExchangeTest, HostAndContentLengthAreAdded) {
  std::promise<Headers> seen;
  auto listener = listen([&](Request request, Responder responder) {
    seen.set_value(request.headers);
    responder.send(ok({}));
  });
  Client client(client_loop_, {.endpoint = listener->endpoint()});
  ASSERT_TRUE(client.call({"PUT", "/", {}, "four"}, patience));
  Headers headers = seen.get_future().get();
  EXPECT_EQ(headers.get("host"), listener->endpoint().host_header());
  EXPECT_EQ(headers.get("content-length"), "4");
}

TEST_F(ExchangeTest, BodiesOfManyMegabytesGoBothWays) {
  auto listener = listen(echo);
  Client client(client_loop_, {.endpoint = listener->endpoint()});
  std::string body(20'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>(i);
  auto answer = client.call({"POST", "/", {}, body}, patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_TRUE(answer->body == body);
}

TEST_F(ExchangeTest, HeadAndNoContentHaveNoBody) {
  auto listener = listen([](Request request, Responder responder) {
    responder.send({request.method == "HEAD" ? 200 : 204, {}, "not to be sent"});
  });
  Client client(client_loop_, {.endpoint = listener->endpoint(), .max_connections = 1});
  for (const char* method : {"HEAD", "DELETE", "HEAD"}) {
    auto answer = client.call({method, "/", {}, {}}, patience);
    ASSERT_TRUE(answer) << answer.error().error.message;
    EXPECT_EQ(answer->body, "");
  }
}

TEST_F(ExchangeTest, AThousandCallsAtOnceAreAllAnswered) {
  auto listener = listen(echo);
  constexpr int calls = 1'000;
  Client client(client_loop_, {.endpoint = listener->endpoint(), .max_connections = calls});
  std::latch left(calls);
  std::atomic<int> right{0};
  for (int i = 0; i < calls; ++i) {
    client.send({"POST", "/", {}, std::to_string(i)}, patience, [&, i](Answer answer) {
      if (answer && answer->body == std::to_string(i)) ++right;
      left.count_down();
    });
  }
  left.wait();
  EXPECT_EQ(right, calls);
}

TEST_F(ExchangeTest, RequestsBeyondTheConnectionsWaitTheirTurnInOrder) {
  std::vector<std::string> order;
  auto listener = listen([&](Request request, Responder responder) {
    order.push_back(request.body);
    responder.send(ok({}));
  });
  Client client(client_loop_, {.endpoint = listener->endpoint(), .max_connections = 1});
  std::latch left(50);
  std::vector<std::string> expected;
  for (int i = 0; i < 50; ++i) {
    expected.push_back(std::to_string(i));
    client.send({"POST", "/", {}, std::to_string(i)}, patience, [&](Answer) { left.count_down(); });
  }
  left.wait();
  EXPECT_EQ(order, expected);
}

TEST_F(ExchangeTest, AUnixSocketServesToo) {
  auto directory = std::filesystem::temp_directory_path() / ("lambdapool-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  std::string path = directory / "s.sock";
  {
    auto listener = listen_unix(server_loop_, path, echo);
    ASSERT_TRUE(listener) << listener.error().message;
    auto taken = listen_unix(server_loop_, path, echo);
    ASSERT_FALSE(taken);
    EXPECT_THAT(taken.error().message, HasSubstr("address already in use"));
    Client client(client_loop_, {.endpoint = (*listener)->endpoint()});
    auto answer = client.call({"POST", "/", {}, "over unix"}, patience);
    ASSERT_TRUE(answer) << answer.error().error.message;
    EXPECT_EQ(answer->body, "over unix");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  std::filesystem::remove_all(directory);
}

TEST_F(ExchangeTest, AnAnswerMayComeFromAnotherThread) {
  std::promise<Responder> handed_over;
  auto listener = listen([&](Request, Responder responder) { handed_over.set_value(std::move(responder)); });
  Client client(client_loop_, {.endpoint = listener->endpoint()});
  std::promise<Answer> answer;
  client.send({"GET", "/", {}, {}}, patience, [&](Answer got) { answer.set_value(std::move(got)); });
  Responder responder = handed_over.get_future().get();
  responder.send(ok("late"));
  EXPECT_EQ(answer.get_future().get()->body, "late");
}

TEST_F(ExchangeTest, ADroppedResponderClosesTheConnection) {
  auto listener = listen([](Request, Responder) {});
  Client client(client_loop_, {.endpoint = listener->endpoint()});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::network);
  EXPECT_EQ(answer.error().reached, TransportError::Reached::maybe);
}

TEST_F(ExchangeTest, AKeptConnectionThatTheServerClosedIsReplacedSilently) {
  auto handler = [](Request, Responder responder) { responder.send(ok("fine")); };
  auto listener = listen(handler);
  Endpoint endpoint = listener->endpoint();
  Client client(client_loop_, {.endpoint = endpoint});
  ASSERT_TRUE(client.call({"GET", "/", {}, {}}, patience));
  listener.reset();
  auto again = listen_tcp(server_loop_, "127.0.0.1", static_cast<std::uint16_t>(endpoint.port), handler);
  ASSERT_TRUE(again) << again.error().message;
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->body, "fine");
}

}  // namespace
}  // namespace lambdapool::http

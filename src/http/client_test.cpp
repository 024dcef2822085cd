// The client against servers that misbehave.
#include "http/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <future>
#include <latch>
#include <map>

#include "http/body_stream.hpp"
#include "http/patience.hpp"
#include "http/raw_peer.hpp"
#include "http/server.hpp"

namespace lambdapool::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Reached = TransportError::Reached;

const std::string fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

struct Broken {
  const char* name;
  std::string says;     // after it has read the request's head
  bool resets = false;  // instead of closing in order
  ErrorKind kind = ErrorKind::network;
  const char* message = "";
};

class BadAnswer : public testing::TestWithParam<Broken> {};

TEST_P(BadAnswer, IsToldApart) {
  const auto& expected = GetParam();
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say(expected.says);
    if (expected.resets) peer.reset();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint(), .max_response_bytes = 1'000});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, expected.kind);
  EXPECT_THAT(answer.error().error.message, HasSubstr(expected.message));
  EXPECT_EQ(answer.error().reached, Reached::maybe);
  EXPECT_EQ(answer.error().cut_off, std::string_view(expected.message) == "in the middle of the answer");
}

INSTANTIATE_TEST_SUITE_P(
    Client, BadAnswer,
    testing::Values(
        Broken{"nothing", "", false, ErrorKind::network, "broke before the answer: closed by the peer"},
        Broken{"reset", "", true, ErrorKind::network, "broke before the answer"},
        Broken{"half_a_head", "HTTP/1.1 200 OK\r\nContent-Le", false, ErrorKind::network,
               "in the middle of the answer"},
        Broken{"half_a_body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", false, ErrorKind::network,
               "in the middle of the answer"},
        Broken{"half_a_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour", false,
               ErrorKind::network, "in the middle of the answer"},
        Broken{"garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false, ErrorKind::protocol,
               "something that is not HTTP"},
        Broken{"two_lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nfourx", false,
               ErrorKind::protocol, "not HTTP"},
        Broken{"too_much", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", false, ErrorKind::protocol,
               "more than 1000 bytes"},
        Broken{
            "too_much_in_chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + std::string(1'024, 'x') + "\r\n",
            false, ErrorKind::protocol, "more than 1000 bytes"}),
    [](const auto& test) { return test.param.name; });

struct Reply {
  const char* name;
  std::string says;
  const char* body;
};

class GoodAnswer : public testing::TestWithParam<Reply> {};

TEST_P(GoodAnswer, IsUnderstoodHoweverItComes) {
  const auto& expected = GetParam();
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    for (char byte : expected.says) peer.say({&byte, 1});
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->body, expected.body);
}

INSTANTIATE_TEST_SUITE_P(
    Client, GoodAnswer,
    testing::Values(Reply{"with_a_length", fine, "fine"},
                    Reply{"to_the_end", "HTTP/1.1 200 OK\r\n\r\nuntil I close", "until I close"},
                    Reply{"in_chunks",
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: t\r\n\r\n",
                          "abcde"},
                    Reply{"after_100_continue", "HTTP/1.1 100 Continue\r\n\r\n" + fine, "fine"},
                    Reply{"of_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nfine", "fine"},
                    Reply{"without_body", "HTTP/1.1 204 No Content\r\n\r\n", ""}),
    [](const auto& test) { return test.param.name; });

// Takes a body of letters, of an answer of status 200, and is what they are together.
class OnlyLetters final : public AnswerReader {
 public:
  bool takes(int status, const Headers&) override { return status == 200; }
  Result<void> read(std::string_view piece) override {
    if (piece.find('!') != std::string_view::npos) return fail(ErrorKind::protocol, "no letter");
    letters += piece;
    return {};
  }
  Result<void> finish(Response& answer) override {
    if (letters.empty()) return fail(ErrorKind::protocol, "no letters");
    answer.body = letters;
    return {};
  }
  std::string letters;
};

TEST(Client, GivesABodyToItsReaderAsItComes) {
  std::promise<void> first_read;
  struct Waiting final : AnswerReader {
    explicit Waiting(std::promise<void>& told) : told_(told) {}
    bool takes(int, const Headers&) override { return true; }
    Result<void> read(std::string_view piece) override {
      if (std::exchange(letters_, letters_ + std::string(piece)).empty()) told_.set_value();
      return {};
    }
    Result<void> finish(Response& answer) override {
      answer.body = letters_;
      return {};
    }
    std::promise<void>& told_;
    std::string letters_;
  };
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    first_read.get_future().wait();  // the rest comes once that has been read
    peer.say("1\r\nd\r\n0\r\n\r\n");
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint(), .max_response_bytes = 3});
  Request request{"POST", "/", {}, "x"};
  request.reader = std::make_shared<Waiting>(first_read);
  const auto answer = client.call(std::move(request), patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->body, "abcd");
}

TEST(Client, EndsAnAnswerThatItsReaderCannotRead) {
  for (const auto& [body, why] : {std::pair("ab!", "no letter"), std::pair("", "no letters")}) {
    RawServer server([body = std::string(body)](RawConnection& peer, int) {
      peer.hear_until("\r\n\r\n");
      peer.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    EventLoop loop;
    Client client(loop, {.endpoint = server.endpoint()});
    Request request{"POST", "/", {}, "x"};
    request.reader = std::make_shared<OnlyLetters>();
    const auto answer = client.call(std::move(request), patience);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().error.message, why);
    EXPECT_EQ(answer.error().reached, Reached::maybe);
  }
}

// Whose reader waits for nothing after the first piece.
class Hasty final : public AnswerReader {
 public:
  bool takes(int, const Headers&) override { return true; }
  Result<void> read(std::string_view) override { return {}; }
  Result<void> finish(Response&) override { return {}; }
  Time next_by(Time now, Time) const override { return now; }
};

TEST(Client, WaitsInAnAnswerForAsLongAsItsReader) {
  std::promise<void> given_up;
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    given_up.get_future().wait();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  Request request{"POST", "/", {}, "x"};
  request.reader = std::make_shared<Hasty>();
  const auto answer = client.call(std::move(request), patience);
  given_up.set_value();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::timed_out);
  EXPECT_THAT(answer.error().error.message, HasSubstr("fell silent in the middle of the answer"));
  EXPECT_FALSE(answer.error().cut_off);
}

TEST(Client, KeepsTheBodyOfAnAnswerThatItsReaderDoesNotTake) {
  RawServer server([](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 429 Slow down\r\nContent-Length: 4\r\n\r\nslow");
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  Request request{"POST", "/", {}, "x"};
  request.reader = std::make_shared<OnlyLetters>();
  const auto answer = client.call(std::move(request), patience);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "slow");
}

TEST(Client, NobodyListeningIsSaidPlainly) {
  int port = RawServer([](RawConnection&, int) {}).port();
  EventLoop loop;
  Client client(loop, {.endpoint = {Endpoint::Scheme::http, "127.0.0.1", port, {}}});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.message,
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": connection refused");
  EXPECT_EQ(answer.error().error.kind, ErrorKind::network);
  EXPECT_EQ(answer.error().reached, Reached::no);
}

TEST(Client, AMissingSocketIsSaidPlainly) {
  EventLoop loop;
  Client client(loop, {.endpoint = {Endpoint::Scheme::unix_socket, "", 0, "/nonexistent/s.sock"}});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.message, "cannot connect to /nonexistent/s.sock: no such file or directory");
}

TEST(Client, AServerThatDoesNotAnswerTheConnectionIsGivenUp) {
  // A listening socket whose backlog is full and whose owner never accepts.
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  int port = ntohs(address.sin_port);
  auto filler = RawConnection::to(port);
  EventLoop loop;
  Client client(loop, {.endpoint = {Endpoint::Scheme::http, "127.0.0.1", port, {}}, .connect_timeout = 50ms});
  auto answer = client.call({"GET", "/", {}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().error.message, HasSubstr("cannot connect to 127.0.0.1"));
  EXPECT_THAT(answer.error().error.message, HasSubstr("no answer within 0.050 s"));
  EXPECT_EQ(answer.error().reached, Reached::no);
  ::close(fd);
}

TEST(Client, AStalledAnswerRunsIntoTheReadTimeout) {
  std::promise<void> over;
  auto until_over = over.get_future().share();
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour");
    until_over.wait();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  auto answer = client.call({"GET", "/", {}, {}}, 50ms);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::timed_out);
  EXPECT_EQ(answer.error().reached, Reached::maybe);
  over.set_value();
}

TEST(Client, ConnectionsAreKeptAndReused) {
  std::atomic<int> connections{0};
  RawServer server([&](RawConnection& peer, int) {
    ++connections;
    while (!peer.hear_until("\r\n\r\n").empty()) peer.say(fine);
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.call({"GET", "/", {}, {}}, patience));
  EXPECT_EQ(connections, 1);
}

TEST(Client, APeerThatEndsBehindItsAnswerIsAskedNothingMore) {
  RawServer server([&](RawConnection& peer, int number) {
    peer.hear_until("\r\n\r\n");
    const int on = 1;  // the answer and the end go out as one
    ::setsockopt(peer.fd(), IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(number));
    peer.finish();
    EXPECT_EQ(peer.hear_to_the_end(), "");
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  std::promise<Answer> second;
  client.send({"GET", "/", {}, {}}, patience, [&](const Answer& first) {
    EXPECT_TRUE(first && first->body == "0");
    client.send({"GET", "/", {}, {}}, patience, [&](Answer answer) { second.set_value(std::move(answer)); });
  });
  const auto answer = second.get_future().get();
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->body, "1");
}

TEST(Client, AnIdleConnectionIsClosedBeforeTheServerWould) {
  std::promise<void> closed;
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say(fine);
    if (peer.hear_until("\r\n\r\n").empty()) closed.set_value();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint(), .idle_timeout = 20ms});
  ASSERT_TRUE(client.call({"GET", "/", {}, {}}, patience));
  EXPECT_EQ(closed.get_future().wait_for(patience), std::future_status::ready);
}

TEST(Client, AnEarlyRefusalOfALargeBodyIsHeard) {
  RawServer server([&](RawConnection& peer, int) {
    peer.hear_until("\r\n\r\n");
    peer.say("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    peer.finish();
    peer.hear_to_the_end();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint()});
  auto answer = client.call({"POST", "/", {}, std::string(50'000'000, 'x')}, patience);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->status, 413);
}

TEST(Client, AQueuedRequestCanBeCancelledAndOneInFlightToo) {
  std::promise<void> arrived;
  RawServer server([&](RawConnection& peer, int) {
    if (peer.hear_until("\r\n\r\n").empty()) return;
    arrived.set_value();
    peer.hear_to_the_end();
  });
  EventLoop loop;
  Client client(loop, {.endpoint = server.endpoint(), .max_connections = 1});
  std::promise<Answer> first, second;
  auto in_flight = client.send({"GET", "/1", {}, {}}, patience,
                               [&](Answer answer) { first.set_value(std::move(answer)); });
  auto queued = client.send({"GET", "/2", {}, {}}, patience,
                            [&](Answer answer) { second.set_value(std::move(answer)); });
  arrived.get_future().wait();
  client.cancel(queued);
  auto answer = second.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::cancelled);
  EXPECT_EQ(answer.error().reached, Reached::no);
  client.cancel(in_flight);
  answer = first.get_future().get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::cancelled);
  EXPECT_EQ(answer.error().reached, Reached::maybe);
}

TEST(Client, DestroyingItEndsEveryCall) {
  std::promise<void> arrived;
  RawServer server([&](RawConnection& peer, int number) {
    if (number == 0) {
      peer.hear_until("\r\n\r\n");
      arrived.set_value();
    }
    peer.hear_to_the_end();
  });
  EventLoop loop;
  std::atomic<int> cancelled{0};
  {
    Client client(loop, {.endpoint = server.endpoint(), .max_connections = 2});
    for (int i = 0; i < 10; ++i) {
      client.send({"GET", "/", {}, {}}, patience, [&](Answer answer) {
        if (!answer && answer.error().error.kind == ErrorKind::cancelled) ++cancelled;
      });
    }
    arrived.get_future().wait();
  }
  EXPECT_EQ(cancelled, 10);
}

TEST(Client, DestroyingItFromItsOwnLoopEndsEveryCallToo) {
  const std::map<std::string, std::string> environment = {{"HTTP_PROXY", "socks5://refused.example"}};
  auto loop = std::make_unique<EventLoop>();
  auto client =
      std::make_unique<Client>(*loop, ClientOptions{.endpoint = *Endpoint::parse("http://service.example"),
                                                    .proxies = ProxySettings(environment)});
  int ended = 0;
  std::promise<int> told;
  loop->post([&] {
    const auto count = [&](Answer answer) { ended += answer ? 0 : 1; };
    for (int i = 0; i < 8; ++i) client->send({"GET", "/", {}, {}}, patience, count);
    client.reset();
    loop.reset();
    told.set_value(ended);
  });
  EXPECT_EQ(told.get_future().get(), 8);
}

TEST(Client, AHeaderWithALineBreakIsNotSent) {
  EventLoop loop;
  Client client(loop, {.endpoint = {Endpoint::Scheme::http, "127.0.0.1", 9, {}}});
  auto answer = client.call({"GET", "/", {{"X", "a\r\nY: b"}}, {}}, patience);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace lambdapool::http

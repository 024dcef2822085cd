#include "http/dialer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

Address address(const std::string& host, int port) {
  return asio::ip::tcp::endpoint(asio::ip::make_address(host), static_cast<unsigned short>(port));
}

// A port of loopback on which nobody listens.
int closed_port() {
  RawServer server([](RawConnection&, int) {});
  return server.port();
}

std::optional<tl::expected<Socket, std::string>> dial(std::vector<Address> addresses) {
  asio::io_context io;
  std::optional<tl::expected<Socket, std::string>> outcome;
  auto dialer = std::make_shared<Dialer>(io);
  dialer->start(std::move(addresses), [&](auto socket) {
    boost::system::error_code ignored;
    if (socket) socket->close(ignored);
    outcome.emplace(std::move(socket));
  });
  io.run();
  return outcome;
}

TEST(Dialer, FamiliesTakeTurnsAndEachTurnBeginsElsewhere) {
  const auto six_a = address("2001:db8::1", 1), six_b = address("2001:db8::2", 1);
  const auto four_a = address("192.0.2.1", 1), four_b = address("192.0.2.2", 1),
             four_c = address("192.0.2.3", 1);
  const std::vector<Address> found = {six_a, six_b, four_a, four_b, four_c};
  using testing::ElementsAre;
  EXPECT_THAT(in_dialling_order(found, 0), ElementsAre(six_a, four_a, six_b, four_b, four_c));
  EXPECT_THAT(in_dialling_order(found, 1), ElementsAre(six_b, four_b, six_a, four_c, four_a));
  EXPECT_THAT(in_dialling_order({four_a}, 7), ElementsAre(four_a));
  EXPECT_THAT(in_dialling_order({}, 7), testing::IsEmpty());
}

TEST(Dialer, TheNextAddressIsTriedWhereOneRefuses) {
  RawServer server([](RawConnection& peer, int) { peer.hear_to_the_end(); });
  auto outcome = dial({address("127.0.0.1", closed_port()), address("127.0.0.1", server.port())});
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(*outcome);
}

TEST(Dialer, AllRefusedIsSaid) {
  auto outcome = dial({address("127.0.0.1", closed_port()), address("127.0.0.1", closed_port())});
  ASSERT_TRUE(outcome);
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error(), "connection refused");
}

// A listener whose queue is full answers nothing, as a black hole does.
TEST(Dialer, ASilentAddressIsNotWaitedFor) {
  int full = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof own;
  ASSERT_EQ(::bind(full, reinterpret_cast<sockaddr*>(&own), size), 0);
  ASSERT_EQ(::listen(full, 0), 0);
  ::getsockname(full, reinterpret_cast<sockaddr*>(&own), &size);
  std::vector<int> queued;
  for (int i = 0; i < 4; ++i) {
    queued.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(queued.back(), reinterpret_cast<sockaddr*>(&own), size);
  }
  RawServer server([](RawConnection& peer, int) { peer.hear_to_the_end(); });
  const auto began = std::chrono::steady_clock::now();
  auto outcome = dial({address("127.0.0.1", ntohs(own.sin_port)), address("127.0.0.1", server.port())});
  const auto took = std::chrono::steady_clock::now() - began;
  for (int fd : queued) ::close(fd);
  ::close(full);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(*outcome);
  EXPECT_GE(took, Dialer::head_start);
}

int option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
  return value;
}

TEST(Dialer, ProbesKeepALongSilentCallAliveWhereNatForgetsAfter350Seconds) {
  auto fd = open_socket(AF_INET);
  ASSERT_TRUE(fd);
  tune_tcp(*fd);
  EXPECT_LT(option(*fd, TCP_KEEPIDLE) + option(*fd, TCP_KEEPINTVL), 350);
  EXPECT_GT(option(*fd, TCP_USER_TIMEOUT), 0);
  ::close(*fd);
}

}  // namespace
}  // namespace lambdapool::http

#include "http/peer.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/raw_peer.hpp"

namespace lambdapool::http {
namespace {

using Ask = std::optional<Peer> (*)(int fd);

struct Listening {
  int fd;
  int port;
};

// Takes IPv4 too, as mapped addresses, where `family` is AF_INET6.
Listening listen_on(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage address{};
  socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  address.ss_family = static_cast<sa_family_t>(family);
  if (family == AF_INET) reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int no = 0;
  if (family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 5) != 0) {
    ::close(fd);
    return {-1, 0};
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return {fd, ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port)};  // at the same place in both families
}

std::uint64_t inode_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return status.st_ino;
}

class PeerTest : public testing::TestWithParam<Ask> {
 protected:
  void TearDown() override {
    for (const int fd : open_) ::close(fd);
  }
  void listen(int family) {
    const auto listening = listen_on(family);
    listener_ = listening.fd;
    port_ = listening.port;
    if (listener_ >= 0) open_.push_back(listener_);
  }
  int accept() {
    open_.push_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    return open_.back();
  }
  std::optional<Peer> ask(int fd) { return GetParam()(fd); }

  std::vector<int> open_;
  int listener_ = -1;
  int port_ = 0;
};

TEST_P(PeerTest, IsThisUserWithTheSocketThatItHolds) {
  listen(AF_INET);
  const auto connection = RawConnection::to(port_);
  const auto peer = ask(accept());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->inode, inode_of(connection.fd()));
}

TEST_P(PeerTest, IsFoundBehindAMappedAddressToo) {
  listen(AF_INET6);
  if (listener_ < 0) GTEST_SKIP() << "there is no IPv6 here";
  const auto connection = RawConnection::to(port_);
  const auto peer = ask(accept());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->inode, inode_of(connection.fd()));
}

// As Java's sockets do.
TEST_P(PeerTest, IsFoundWhereItsOwnSocketIsForBothFamilies) {
  listen(AF_INET);
  open_.push_back(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int caller = open_.back();
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(static_cast<std::uint16_t>(port_));
  ASSERT_EQ(::inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr), 1);
  if (caller < 0 || ::connect(caller, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    GTEST_SKIP() << "there is no IPv6 here";
  const auto peer = ask(accept());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, ::geteuid());
  EXPECT_EQ(peer->inode, inode_of(caller));
}

TEST_P(PeerTest, IsNobodyOnceItHasClosedItsSocket) {
  listen(AF_INET);
  { const auto gone = RawConnection::to(port_); }
  EXPECT_FALSE(ask(accept()));
}

TEST_P(PeerTest, IsTheOtherUserWhereAnotherConnects) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can connect as somebody else";
  listen(AF_INET);
  int done[2];
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65'533, 65'533, 65'533) != 0) ::_exit(1);
    const auto connection = RawConnection::to(port_);
    ::close(done[1]);
    char byte;
    (void)!::read(done[0], &byte, 1);
    ::_exit(0);
  }
  const auto peer = ask(accept());
  ::close(done[0]);
  ::close(done[1]);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->uid, 65'533u);
}

TEST(PeerOfOtherSockets, IsNobody) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_FALSE(peer_of(pair[0]));
  EXPECT_FALSE(peer_of(-1));
  ::close(pair[0]);
  ::close(pair[1]);
}

INSTANTIATE_TEST_SUITE_P(AskedFor, PeerTest, testing::Values(&peer_of, &peer_by_table),
                         [](const auto& test) { return test.index == 0 ? "by_kernel" : "in_table"; });

}  // namespace
}  // namespace lambdapool::http

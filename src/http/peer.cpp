#include "http/peer.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace lambdapool::http {
namespace {

// One end of a connection, as the kernel's tables write it: words in network order.
struct End {
  std::array<std::uint32_t, 4> address{};
  std::uint16_t port = 0;  // in network order
};

// The connection as its peer has it.
struct Connected {
  int family = AF_INET;
  End peer, ours;
};

constexpr std::uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// An IPv4 address that came in on an IPv6 socket is IPv4 at the peer's end.
bool is_mapped(const sockaddr_in6& v6) { return std::memcmp(&v6.sin6_addr, mapped_prefix, 12) == 0; }

End end_of(const sockaddr_storage& storage, bool as_v4) {
  End end;
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    end.address[0] = v4.sin_addr.s_addr;
    end.port = v4.sin_port;
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr);
    std::memcpy(end.address.data(), as_v4 ? bytes + 12 : bytes, as_v4 ? 4 : 16);
    end.port = v6.sin6_port;
  }
  return end;
}

std::optional<Connected> connection_of(int fd) {
  sockaddr_storage ours{}, theirs{};
  socklen_t size = sizeof ours;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return {};
  size = sizeof theirs;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return {};
  if (ours.ss_family != AF_INET && ours.ss_family != AF_INET6) return {};
  const bool v4 = ours.ss_family == AF_INET || is_mapped(reinterpret_cast<const sockaddr_in6&>(theirs));
  return Connected{v4 ? AF_INET : AF_INET6, end_of(theirs, v4), end_of(ours, v4)};
}

class BlockingSocket {
 public:
  explicit BlockingSocket(int fd) : fd_(fd) {}
  ~BlockingSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  BlockingSocket(const BlockingSocket&) = delete;
  BlockingSocket& operator=(const BlockingSocket&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

Question question_about(const Connected& connected) {
  Question question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.request.sdiag_family = static_cast<std::uint8_t>(connected.family);
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = ~0u;
  auto& id = question.request.id;
  id.idiag_sport = connected.peer.port;
  id.idiag_dport = connected.ours.port;
  std::memcpy(id.idiag_src, connected.peer.address.data(), sizeof id.idiag_src);
  std::memcpy(id.idiag_dst, connected.ours.address.data(), sizeof id.idiag_dst);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

// The same end, as a socket for both families has it that speaks to an IPv4 address.
End mapped(const End& v4) {
  End v6{{}, v4.port};
  auto* bytes = reinterpret_cast<std::uint8_t*>(v6.address.data());
  std::memcpy(bytes, mapped_prefix, sizeof mapped_prefix);
  std::memcpy(bytes + sizeof mapped_prefix, v4.address.data(), 4);
  return v6;
}

bool is_about(const inet_diag_msg& found, const Connected& connected) {
  const bool v4 = connected.family == AF_INET;
  const bool as_v6 = v4 && found.idiag_family == AF_INET6;
  const End peer = as_v6 ? mapped(connected.peer) : connected.peer;
  return found.id.idiag_sport == connected.peer.port && found.id.idiag_dport == connected.ours.port &&
         std::memcmp(found.id.idiag_src, peer.address.data(), v4 && !as_v6 ? 4 : 16) == 0;
}

// One connection is asked for by its four numbers, which costs the same however many there are.
std::optional<Peer> ask_kernel(const Connected& connected) {
  const BlockingSocket netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (netlink.get() < 0) return {};
  const Question question = question_about(connected);
  if (::send(netlink.get(), &question, sizeof question, 0) < 0) return {};
  alignas(nlmsghdr) char buffer[8192];
  // The kernel has answered before send() returned.
  const ssize_t size = ::recv(netlink.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(inet_diag_msg)))) return {};
  nlmsghdr header;
  std::memcpy(&header, buffer, sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return {};
  inet_diag_msg found;
  std::memcpy(&found, buffer + NLMSG_HDRLEN, sizeof found);
  if (!is_about(found, connected)) return {};
  return Peer{found.idiag_uid, found.idiag_inode};
}

// "0100007F:1F90", as /proc/net/tcp writes it: each word in the machine's order.
std::string as_in_proc(const End& end, int family) {
  std::string text;
  char word[16];
  for (int i = 0; i < (family == AF_INET ? 1 : 4); ++i) {
    std::snprintf(word, sizeof word, "%08X", end.address[static_cast<std::size_t>(i)]);
    text += word;
  }
  std::snprintf(word, sizeof word, ":%04X", ntohs(end.port));
  return text + word;
}

std::optional<Peer> look_up_in_table(const Connected& connected) {
  std::ifstream table(connected.family == AF_INET ? "/proc/self/net/tcp" : "/proc/self/net/tcp6");
  const std::string wanted =
      as_in_proc(connected.peer, connected.family) + " " + as_in_proc(connected.ours, connected.family) + " ";
  for (std::string line; std::getline(table, line);) {
    const auto at = line.find(wanted);
    if (at == std::string::npos) continue;
    unsigned state = 0, uid = 0;
    unsigned long long inode = 0;
    if (std::sscanf(line.c_str() + at + wanted.size(), "%x %*s %*s %*s %u %*s %llu", &state, &uid, &inode) ==
        3)
      return Peer{uid, inode};
  }
  return {};
}

std::optional<Peer> look_up_in_proc(const Connected& connected) {
  auto peer = look_up_in_table(connected);
  if (peer || connected.family == AF_INET6) return peer;
  return look_up_in_table({AF_INET6, mapped(connected.peer), mapped(connected.ours)});
}

// In a user namespace, everybody who has no number there is called by this one.
bool may_be_anybody(unsigned uid) {
  unsigned overflow = 65'534;
  std::ifstream("/proc/sys/kernel/overflowuid") >> overflow;
  if (uid != overflow) return false;
  unsigned long long inside = 1, outside = 1, count = 0;
  std::ifstream("/proc/self/uid_map") >> inside >> outside >> count;
  return !(inside == 0 && outside == 0 && count >= 0xffff'ffffu);
}

// A socket that nobody holds any more is listed as root's, without an inode.
std::optional<Peer> if_told(std::optional<Peer> peer) {
  if (!peer || peer->inode == 0 || may_be_anybody(peer->uid)) return {};
  return peer;
}

}  // namespace

std::optional<Peer> peer_of(int fd) {
  const auto connected = connection_of(fd);
  if (!connected) return {};
  const auto peer = ask_kernel(*connected);
  return if_told(peer ? peer : look_up_in_proc(*connected));
}

std::optional<Peer> peer_by_table(int fd) {
  const auto connected = connection_of(fd);
  return connected ? if_told(look_up_in_proc(*connected)) : std::nullopt;
}

}  // namespace lambdapool::http

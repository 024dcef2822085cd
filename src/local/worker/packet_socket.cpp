#include "local/worker/packet_socket.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

namespace lambdapool::local {
namespace {

bool send_once(int socket, std::string_view packet, std::span<const int> fds) {
  char control[CMSG_SPACE(8 * sizeof(int))] = {};
  iovec part{const_cast<char*>(packet.data()), packet.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  return ::sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace

PacketSocket::PacketSocket(http::EventLoop& loop, Descriptor fd, OnPacket on_packet,
                           std::function<void()> on_closed)
    : loop_(loop), fd_(std::move(fd)), on_packet_(std::move(on_packet)), on_closed_(std::move(on_closed)) {
  watch_ = loop_.watch_readable(fd_.get(), [this] { read_one(); });
}

// One at a time: mostly there is no other, and if there is, this is called again.
void PacketSocket::read_one() {
  if (!closed_) take_one();
  hand_out();
}

bool PacketSocket::take_one() {
  char buffer[bytes_max];
  const ssize_t size = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size > 0) {
    received_.emplace_back(buffer, static_cast<std::size_t>(size));
    return true;
  }
  if (size < 0 && errno == EINTR) return true;
  if (size < 0 && errno == EAGAIN) return false;
  closed_ = true;
  return false;
}

void PacketSocket::hand_out() {
  const std::weak_ptr<bool> alive = alive_;
  while (!received_.empty()) {
    const std::string packet = std::move(received_.front());
    received_.pop_front();
    on_packet_(packet);
    if (alive.expired()) return;
  }
  if (closed_ && watch_) {
    watch_.reset();
    const auto closed = on_closed_;
    closed();
  }
}

bool PacketSocket::send(std::string_view packet, std::span<const int> fds) {
  while (!closed_) {
    if (send_once(fd_.get(), packet, fds)) return true;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    while (!closed_ && take_one()) {
    }
    pollfd writable{fd_.get(), POLLOUT | POLLIN, 0};
    ::poll(&writable, 1, -1);
    if (!received_.empty()) {
      loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
        if (!alive.expired()) hand_out();
      });
    }
  }
  return false;
}

bool PacketSocket::send_if_room(std::string_view packet) {
  return !closed_ && send_once(fd_.get(), packet, {});
}

bool PacketSocket::hear() {
  while (!closed_ && take_one()) {
  }
  const bool any = !received_.empty();
  hand_out();
  return any;
}

std::optional<std::string> next_packet(int socket, Packet what) {
  std::string packet(PacketSocket::bytes_max, '\0');
  ssize_t size = -1;
  do {
    size = ::recv(socket, packet.data(), packet.size(), MSG_DONTWAIT | (what == Packet::look ? MSG_PEEK : 0));
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  packet.resize(static_cast<std::size_t>(size));
  return packet;
}

SocketPair socket_pair(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) return {};
  return {Descriptor(fds[0]), Descriptor(fds[1])};
}

bool send_descriptors(int socket, std::span<const int> fds) { return send_once(socket, "D", fds); }

}  // namespace lambdapool::local

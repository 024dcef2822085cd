#include "http/caller.hpp"

#include <sys/socket.h>

#include "http/peer.hpp"

namespace lambdapool::http {

Caller caller_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  if (address.ss_family != AF_UNIX) {
    const auto peer = peer_of(fd);
    return peer ? Caller{peer->uid, peer->inode} : Caller{};
  }
  ucred peer{};
  size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return {peer.uid, 0};
}

}  // namespace lambdapool::http

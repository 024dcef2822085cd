#include "http/caller.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "http/peer.hpp"

namespace lambdapool::http {

Caller caller_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  if (address.ss_family != AF_UNIX) {
    Caller caller;
    caller.port = ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                                      : reinterpret_cast<sockaddr_in&>(address).sin_port);
    if (const auto peer = peer_of(fd)) {
      caller.uid = peer->uid;
      caller.inode = peer->inode;
    }
    return caller;
  }
  ucred peer{};
  size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return {peer.uid, 0, 0};
}

}  // namespace lambdapool::http

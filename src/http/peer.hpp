// Who is at the other end of a TCP connection within this machine. TCP itself does not say; the kernel's
// table of sockets does, where the peer's socket stands with its owner.
#pragma once

#include <cstdint>
#include <optional>

namespace lambdapool::http {

struct Peer {
  unsigned uid = 0;
  std::uint64_t inode = 0;  // of the peer's socket, as /proc/PID/fd shows it: "socket:[INODE]"
};

// Of an accepted (or connected) TCP socket. nullopt: the peer is on another machine or in another network
// namespace, or has closed its socket (the table then says user 0), or its user cannot be told: in a user
// namespace, all users from outside of it have the same number.
std::optional<Peer> peer_of(int fd);
// The same as /proc/net/tcp has it, which peer_of falls back on where the kernel cannot be asked (no
// sock_diag): the whole table is read.
std::optional<Peer> peer_by_table(int fd);

}  // namespace lambdapool::http

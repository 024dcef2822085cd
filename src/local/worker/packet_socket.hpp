// A SOCK_SEQPACKET socket on the event loop: whole packets both ways, descriptors along with those sent.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/descriptor.hpp"
#include "http/event_loop.hpp"

namespace lambdapool::local {

class PacketSocket {
 public:
  using OnPacket = std::function<void(std::string_view)>;
  static constexpr std::size_t bytes_max = 64 * 1024;  // of a packet that comes

  PacketSocket(http::EventLoop& loop, Descriptor fd, OnPacket on_packet, std::function<void()> on_closed);

  // False when the peer is gone. Never waits for a peer that waits for us: while the peer's queue is
  // full, packets from it are taken in (and handled later).
  bool send(std::string_view packet, std::span<const int> fds = {});
  bool send_if_room(std::string_view packet);  // false, too, when the peer's queue is full
  bool hear();                                 // hands out all that has come; whether there was anything

 private:
  void read_one();
  bool take_one();
  void hand_out();

  http::EventLoop& loop_;
  Descriptor fd_;
  OnPacket on_packet_;
  std::function<void()> on_closed_;
  std::deque<std::string> received_;
  bool closed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<http::EventLoop::Watch> watch_;
};

// A connected pair, close-on-exec. Empty descriptors where the system has none left.
struct SocketPair {
  Descriptor ours;
  Descriptor theirs;
};
SocketPair socket_pair(int type);

// What the reader of this socket would read next, and, where it is taken, now does not: either has it.
// nullopt: there is nothing.
enum class Packet { look, take };
std::optional<std::string> next_packet(int socket, Packet what);

// Puts a byte with the descriptors into a connected socket. False: it did not fit.
bool send_descriptors(int socket, std::span<const int> fds);

}  // namespace lambdapool::local

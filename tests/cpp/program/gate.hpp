#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// Holds tasks that pass() it until it is opened. Over loopback, since a worker's files are its own.
class Gate {
 public:
  Gate() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { open(); }

  int port() const { return port_; }

  // Whoever waits, having been taken by no accept(), is sent on by the listener's end.
  void open() {
    if (listener_ >= 0) close(listener_);
    listener_ = -1;
  }

  // In a task.
  static void pass(int port) {
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    char byte = 0;
    if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      while (read(connection, &byte, 1) > 0) continue;
    close(connection);
  }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<in_port_t>(port));
    return address;
  }

  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
};

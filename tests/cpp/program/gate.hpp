#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

// Holds tasks that pass() it until it is opened. Over loopback, since a worker's files are its own.
class Gate {
 public:
  enum class Holds { all, the_first };
  explicit Gate(Holds holds = Holds::all) : holds_(holds) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    keeper_ = std::thread([this] { keep(); });
  }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() {
    open();
    shutdown(listener_, SHUT_RDWR);
    keeper_.join();
    close(listener_);
  }

  int port() const { return port_; }

  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    for (const int connection : std::exchange(waiting_, {})) close(connection);
  }

  // Until a task stands there.
  void wait_for_one() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !waiting_.empty(); });
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

  // Each connection is taken and closed: of one that has not been, the other side may never hear that the
  // listener is gone.
  void keep() {
    for (int connection; (connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const std::lock_guard lock(mutex_);
      if (open_ || (holds_ == Holds::the_first && !waiting_.empty())) {
        close(connection);
      } else {
        waiting_.push_back(connection);
        came_.notify_all();
      }
    }
  }

  const Holds holds_;
  int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable came_;
  bool open_ = false;
  std::vector<int> waiting_;
  std::thread keeper_;
};

// A listening socket and the connections that came through it. Lives on the loop's thread.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_set>

#include "http/loop_impl.hpp"
#include "http/server_connection.hpp"

namespace lambdapool::http {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::shared_ptr<EventLoop::Impl> loop, int fd, ServerConnection::Settings settings);

  void wait();
  void stop();

 private:
  void accept();
  void accept_all();
  bool admitted(int fd) const;
  void serve(int accepted);
  bool spare_one();
  void wait_for_room();
  void watch_the_clock();
  void look_at_clock();

  std::weak_ptr<EventLoop::Impl> loop_;
  asio::posix::stream_descriptor descriptor_;
  asio::steady_timer pause_;
  asio::steady_timer clock_;
  bool watching_ = false;  // the clock
  ServerConnection::Settings settings_;
  std::size_t max_connections_;
  std::unordered_set<std::shared_ptr<ServerConnection>> connections_;
  bool stopped_ = false;
};

}  // namespace lambdapool::http

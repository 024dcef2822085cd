// One connection that requests come in on. Requests are served one after the other: while one waits for
// its answer, what the peer sends is read ahead (so that its going away is noticed) but not looked at.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/loop_impl.hpp"
#include "http/parser.hpp"
#include "http/read_buffer.hpp"
#include "http/server.hpp"
#include "http/stream.hpp"

namespace lambdapool::http {

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  // Both on the loop's thread: the peer has closed; the connection is over and may be forgotten.
  struct Events {
    std::function<void()> peer_closed;
    std::function<void(ServerConnection&)> over;
  };

  ServerConnection(std::weak_ptr<EventLoop::Impl> loop, asio::io_context& io, Handler handler,
                   ServerLimits limits, Events events, Pipelined pipelined = Pipelined::at_once);

  // `fd` is a connected stream socket and becomes this connection's.
  void start(int fd);
  void close();

 private:
  friend class ResponderSink;
  enum class State { reading, answering, writing, lingering, closed };

  void read();
  void wait_to_read();
  void on_end(bool broken);
  void serve();
  bool feed();
  void refuse(Progress progress);
  void hand_over();
  void answer(Response response);
  void abandon();
  void write();
  void written();
  void answered();
  void linger();
  void discard();
  void peer_has_closed();

  std::weak_ptr<EventLoop::Impl> loop_;
  Stream stream_;
  Handler handler_;
  Events events_;
  ServerLimits limits_;
  Pipelined pipelined_;
  RequestParser parser_;
  ReadBuffer buffer_;

  State state_ = State::reading;
  bool serving_ = false;  // serve() is on the stack
  bool waiting_to_read_ = false;
  bool ended_ = false;  // the peer sends no more
  bool told_closed_ = false;
  bool continued_ = false;  // 100 Continue has been sent for the current request
  bool keep_alive_ = true;
  bool head_only_ = false;  // the request was HEAD
  std::uint64_t discarded_ = 0;
  std::function<void()> gone_;

  std::string head_;  // behind the answers that were held back for it
  std::string body_;
  std::size_t head_sent_ = 0;
  std::size_t body_sent_ = 0;
};

}  // namespace lambdapool::http

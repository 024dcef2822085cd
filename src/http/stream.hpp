// A connected, non-blocking byte stream: a TCP or Unix socket, with TLS on it or not. Reads and writes
// say at once what they could do; waiting is Asio's.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <string_view>

#include "core/descriptor.hpp"
#include "http/tls.hpp"

namespace lambdapool::http {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

// Sockets are made here rather than by Asio, which leaves them open in child processes.
Result<int> open_socket(int family);
void tune_tcp(int fd);  // no Nagle, keep-alive

// "connection refused": the reason in the middle of a sentence.
std::string reason(int error_number);

class Stream {
 public:
  explicit Stream(asio::io_context& io) : socket_(io) {}
  explicit Stream(Socket connected) : socket_(std::move(connected)) {}

  enum class Status { done, want_read, want_write, closed, failed };
  struct Transfer {
    Status status = Status::done;
    std::size_t bytes = 0;
    std::string why = {};     // of failed
    bool is_refusal = false;  // of failed: it would fail so again
  };

  Transfer read(char* into, std::size_t size);
  Transfer write(std::string_view first, std::string_view second);  // second follows first
  bool peer_has_closed();  // or has sent what nobody asked for; looks without taking anything

  // A second time: TLS within TLS, to a server behind an https proxy.
  void start_tls(TlsContext& context, const std::string& host);
  Transfer handshake();
  bool is_tls() const { return ssl_ != nullptr; }

  Socket& socket() { return socket_; }
  int fd() { return taken_ ? taken_.get() : socket_.native_handle(); }
  void close();

  // Asio has nothing more to do with it: there is no more wait().
  void take_from_asio();

  template <class Handler>
  void wait(Socket::wait_type what, Handler handler) {
    socket_.async_wait(what, std::move(handler));
  }

 private:
  Transfer tls_transfer(int result);

  Socket socket_;
  Descriptor taken_;  // from Asio
  SslPointer outer_;  // with the proxy
  SslPointer ssl_;    // over it, where there is one
};

}  // namespace lambdapool::http

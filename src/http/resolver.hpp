// The addresses behind an endpoint, looked up once for many connections.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace lambdapool::http {

namespace asio = boost::asio;

using Address = asio::generic::stream_protocol::endpoint;

struct Addresses {
  std::vector<Address> list;
  std::string failure;  // why the list is empty
};

class Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  Resolver(asio::io_context& io, Endpoint endpoint);

  // `then` runs at once where the addresses are known, later otherwise.
  void look_up(std::function<void(const Addresses&)> then);
  void forget();  // they did not answer; the next look-up asks again
  void close();

 private:
  void finish();

  Endpoint endpoint_;
  asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver_;
  Addresses found_;
  std::chrono::steady_clock::time_point fresh_until_ = {};
  bool asking_ = false;
  std::vector<std::function<void(const Addresses&)>> waiting_;
};

}  // namespace lambdapool::http

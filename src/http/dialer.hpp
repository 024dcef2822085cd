// Connects to the first of a host's addresses that answers, as browsers do (RFC 8305, "Happy Eyeballs"): the
// next one is tried when one fails, and beside it when it is silent for a quarter of a second. A host with
// an IPv6 address on a network without IPv6 so costs an instant and not the whole connect timeout.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/resolver.hpp"
#include "http/stream.hpp"

namespace lambdapool::http {

// The order in which to try them: the families in turn, the resolver's favourite first; within a family
// beginning at another one each `turn`, so that connections spread over the service's front ends.
std::vector<Address> in_dialling_order(const std::vector<Address>& addresses, std::size_t turn);

class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  static constexpr std::chrono::milliseconds head_start{250};
  using Done = std::function<void(tl::expected<Socket, std::string>)>;

  explicit Dialer(asio::io_context& io) : io_(io), timer_(io) {}

  // `done` runs once, perhaps within the call, with a connected socket or the last reason why there is none.
  void start(std::vector<Address> addresses, Done done);
  void cancel();  // `done` will not run

 private:
  void next();
  void answered(const std::shared_ptr<Socket>& socket, boost::system::error_code error);
  void finish(tl::expected<Socket, std::string> outcome);

  asio::io_context& io_;
  asio::steady_timer timer_;
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  std::vector<std::shared_ptr<Socket>> racing_;
  std::string failure_;
  Done done_;  // null: over
};

}  // namespace lambdapool::http

#include "http/resolver.hpp"

#include <sys/un.h>

#include <boost/asio/local/stream_protocol.hpp>

namespace lambdapool::http {
namespace {

// Long enough to connect a whole pool with one look-up, short enough to follow a moving service.
constexpr std::chrono::seconds freshness{30};

}  // namespace

Resolver::Resolver(asio::io_context& io, Endpoint endpoint) : endpoint_(std::move(endpoint)), resolver_(io) {
  boost::system::error_code not_literal;
  if (endpoint_.scheme == Endpoint::Scheme::unix_socket) {
    if (endpoint_.path.size() < sizeof(sockaddr_un::sun_path)) {
      std::string name = endpoint_.path;
      if (name.starts_with('@')) name.front() = 0;
      found_.list.emplace_back(asio::local::stream_protocol::endpoint(name));
    } else {
      found_.failure = "the path is too long for a socket";
    }
    fresh_until_ = std::chrono::steady_clock::time_point::max();
  } else if (auto address = asio::ip::make_address(endpoint_.host, not_literal); !not_literal) {
    found_.list.emplace_back(asio::ip::tcp::endpoint(address, static_cast<unsigned short>(endpoint_.port)));
    fresh_until_ = std::chrono::steady_clock::time_point::max();
  }
}

void Resolver::look_up(std::function<void(const Addresses&)> then) {
  if (std::chrono::steady_clock::now() < fresh_until_) return then(found_);
  waiting_.push_back(std::move(then));
  if (std::exchange(asking_, true)) return;
  resolver_.async_resolve(endpoint_.host, std::to_string(endpoint_.port),
                          [self = shared_from_this()](boost::system::error_code error, const auto& results) {
                            self->asking_ = false;
                            self->found_ = {};
                            for (const auto& result : results)
                              self->found_.list.emplace_back(result.endpoint());
                            if (error)
                              self->found_.failure = "its name cannot be resolved (" + error.message() + ")";
                            if (!error) self->fresh_until_ = std::chrono::steady_clock::now() + freshness;
                            self->finish();
                          });
}

void Resolver::finish() {
  for (auto waiting = std::exchange(waiting_, {}); const auto& then : waiting) then(found_);
}

void Resolver::forget() {
  if (fresh_until_ != std::chrono::steady_clock::time_point::max()) fresh_until_ = {};
}

void Resolver::close() {
  waiting_.clear();
  resolver_.cancel();
}

}  // namespace lambdapool::http

#include "http/dialer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace lambdapool::http {

std::vector<Address> in_dialling_order(const std::vector<Address>& addresses, std::size_t turn) {
  if (addresses.empty()) return {};
  std::vector<Address> favourites, others;
  for (const auto& address : addresses) {
    const bool favourite = address.protocol().family() == addresses.front().protocol().family();
    (favourite ? favourites : others).push_back(address);
  }
  for (auto* family : {&favourites, &others}) {
    if (family->empty()) continue;
    std::rotate(family->begin(), family->begin() + static_cast<std::ptrdiff_t>(turn % family->size()),
                family->end());
  }
  std::vector<Address> order;
  for (std::size_t i = 0; i < std::max(favourites.size(), others.size()); ++i) {
    if (i < favourites.size()) order.push_back(favourites[i]);
    if (i < others.size()) order.push_back(others[i]);
  }
  return order;
}

void Dialer::start(std::vector<Address> addresses, Done done) {
  addresses_ = std::move(addresses);
  done_ = std::move(done);
  next();
}

void Dialer::next() {
  if (next_ >= addresses_.size()) {
    if (racing_.empty()) finish(tl::unexpected(failure_));
    return;
  }
  const auto& address = addresses_[next_++];
  auto fd = open_socket(address.protocol().family());
  if (!fd) {
    failure_ = fd.error().message;
    return next();
  }
  auto socket = std::make_shared<Socket>(io_);
  boost::system::error_code ignored;
  socket->assign(address.protocol(), *fd, ignored);
  socket->native_non_blocking(true, ignored);
  if (address.protocol().family() != AF_UNIX) tune_tcp(*fd);
  racing_.push_back(socket);
  socket->async_connect(address, [self = shared_from_this(), socket](boost::system::error_code error) {
    self->answered(socket, error);
  });
  if (next_ >= addresses_.size()) return;
  timer_.expires_after(head_start);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->done_) self->next();
  });
}

void Dialer::answered(const std::shared_ptr<Socket>& socket, boost::system::error_code error) {
  if (!done_) return;
  std::erase(racing_, socket);
  if (!error) return finish(std::move(*socket));
  failure_ = reason(error.value());
  timer_.cancel();
  next();
}

void Dialer::finish(tl::expected<Socket, std::string> outcome) {
  auto done = std::exchange(done_, nullptr);
  cancel();
  done(std::move(outcome));
}

void Dialer::cancel() {
  done_ = nullptr;
  timer_.cancel();
  boost::system::error_code ignored;
  for (const auto& socket : std::exchange(racing_, {})) socket->close(ignored);
}

}  // namespace lambdapool::http

#include "http/acceptor.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "core/descriptor.hpp"
#include "http/caller.hpp"

namespace lambdapool::http {
namespace {

// The other half of the descriptors is for what the requests make us do.
std::size_t connections_at_most(std::size_t wanted) {
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY) return wanted;
  return std::max<std::size_t>(1, std::min<std::size_t>(wanted, descriptors.rlim_cur / 2));
}

bool somebody_knocks(int fd) {
  pollfd look{fd, POLLIN, 0};
  return ::poll(&look, 1, 0) == 1;
}

}  // namespace

Acceptor::Acceptor(std::shared_ptr<EventLoop::Impl> loop, int fd, ServerConnection::Settings settings)
    : loop_(loop),
      descriptor_(loop->io, fd),
      pause_(loop->io),
      clock_(loop->io),
      settings_(std::move(settings)),
      max_connections_(connections_at_most(settings_.guard->max_connections)) {}

void Acceptor::wait() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](boost::system::error_code error) {
                           if (!self->stopped_ && !error) self->accept();
                         });
}

void Acceptor::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  pause_.cancel();
  clock_.cancel();
  for (auto connections = std::move(connections_); const auto& connection : connections) connection->close();
  connections_.clear();
  settings_.handler = nullptr;
}

// Where there is no memory for one of those who knock, all wait a moment; nobody waits for ever.
void Acceptor::accept() {
  try {
    accept_all();
  } catch (const std::exception&) {
    wait_for_room();
  }
}

void Acceptor::accept_all() {
  for (;;) {
    if (connections_.size() >= max_connections_) {
      if (!somebody_knocks(descriptor_.native_handle())) return wait();
      if (!spare_one()) return wait_for_room();
    }
    const int fd = ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && !admitted(fd)) {
      ::close(fd);
      return wait();  // others get their turn, however many strangers knock
    }
    if (fd >= 0) {
      serve(fd);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return wait();
    if (!spare_one()) return wait_for_room();  // out of descriptors
  }
}

bool Acceptor::admitted(int fd) const {
  const auto& admit = settings_.guard->admit;
  return !admit || admit(caller_of(fd));
}

void Acceptor::serve(int accepted) {
  Descriptor fd(accepted);
  auto loop = loop_.lock();
  auto connection = std::make_shared<ServerConnection>(
      loop_, loop->io, settings_,
      ServerConnection::Events{{}, [weak = weak_from_this()](ServerConnection& over) {
                                 if (auto self = weak.lock())
                                   self->connections_.erase(over.shared_from_this());
                               }});
  connections_.insert(connection);
  connection->start(fd.release());
  watch_the_clock();
}

// Closes the connection that has been silent longest between two requests, or before its first. One that has
// a request in work is never closed for another.
bool Acceptor::spare_one() {
  std::shared_ptr<ServerConnection> oldest;
  for (const auto& connection : connections_) {
    const auto since = connection->spare_since();
    if (since && (!oldest || *since < *oldest->spare_since())) oldest = connection;
  }
  if (oldest) oldest->close();
  return oldest != nullptr;
}

// Those who knock wait in the backlog, and we look again soon.
void Acceptor::wait_for_room() {
  pause_.expires_after(std::chrono::milliseconds(50));
  pause_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!self->stopped_ && !error) self->accept();
  });
}

void Acceptor::watch_the_clock() {
  const auto& deadlines = settings_.guard->deadlines;
  if (!deadlines || connections_.empty() || std::exchange(watching_, true)) return;
  clock_.expires_after(deadlines->look_every);
  clock_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !self->stopped_ && !error) self->look_at_clock();
  });
}

void Acceptor::look_at_clock() {
  watching_ = false;
  const auto now = settings_.guard->deadlines->clock();
  const std::vector<std::shared_ptr<ServerConnection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->look_at_clock(now);
  watch_the_clock();
}

}  // namespace lambdapool::http

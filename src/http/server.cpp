#include "http/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "http/acceptor.hpp"
#include "http/loop_impl.hpp"
#include "http/server_connection.hpp"

namespace lambdapool::http {
namespace {

constexpr int backlog = 4'096;

class SocketListener : public Listener {
 public:
  SocketListener(std::shared_ptr<EventLoop::Impl> loop, int fd, Endpoint endpoint,
                 ServerConnection::Settings settings)
      : loop_(loop), endpoint_(std::move(endpoint)), fd_(fd) {
    run_on(*loop, [&] {
      const bool opened_later = settings.guard->opened_later;
      acceptor_ = std::make_shared<Acceptor>(loop, fd, std::move(settings));
      if (!opened_later) acceptor_->wait();
    });
  }
  ~SocketListener() override {
    if (endpoint_.scheme == Endpoint::Scheme::unix_socket && !endpoint_.path.starts_with('@'))
      ::unlink(endpoint_.path.c_str());
    if (auto loop = loop_.lock()) {
      run_on(*loop, [this] { std::exchange(acceptor_, nullptr)->stop(); });
    }
  }
  Endpoint endpoint() const override { return endpoint_; }
  void open() override { acceptor_->wait(); }
  void close_in_fork() override {
    if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
  }

 private:
  std::weak_ptr<EventLoop::Impl> loop_;
  Endpoint endpoint_;
  int fd_;  // the acceptor's
  std::shared_ptr<Acceptor> acceptor_;
};

class OpenFd {
 public:
  explicit OpenFd(int fd) : fd_(fd) {}
  ~OpenFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFd(const OpenFd&) = delete;
  OpenFd& operator=(const OpenFd&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<SocketAddress> tcp_address(const std::string& text, std::uint16_t port) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
  } else {
    return {};
  }
  return address;
}

int bound_port(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return ntohs(address.storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

// A socket file whose server has died refuses connections; one that is served accepts them.
bool is_abandoned(const SocketAddress& address) {
  auto fd = open_socket(AF_UNIX);
  if (!fd) return false;
  OpenFd probe(*fd);
  return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

ServerConnection::Settings settings_of(Handler handler, ServerLimits limits, Guard guard) {
  return {std::move(handler), limits, std::make_shared<const Guard>(std::move(guard))};
}

class AdoptedConnection : public Connection {
 public:
  AdoptedConnection(std::shared_ptr<EventLoop::Impl> loop, std::shared_ptr<ServerConnection> connection)
      : loop_(loop), connection_(std::move(connection)) {}
  ~AdoptedConnection() override {
    if (auto loop = loop_.lock()) {
      run_on(*loop, [this] { std::exchange(connection_, nullptr)->close(); });
    }
  }

 private:
  std::weak_ptr<EventLoop::Impl> loop_;
  std::shared_ptr<ServerConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<Listener>> listen_tcp(EventLoop& loop, const std::string& address, std::uint16_t port,
                                             Handler handler, ServerLimits limits, Guard guard) {
  auto where = tcp_address(address == "localhost" ? "127.0.0.1" : address, port);
  if (!where) {
    return fail(ErrorKind::io, "cannot listen on '" + address + "': it is not an IP address of this machine");
  }
  std::string name = address + ":" + std::to_string(port);
  auto opened = open_socket(where->storage.ss_family);
  if (!opened) return tl::unexpected(opened.error());
  OpenFd fd(*opened);
  int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), where->get(), where->size) != 0 || ::listen(fd.get(), backlog) != 0) {
    return fail(ErrorKind::io, "cannot listen on " + name + ": " + reason(errno));
  }
  Endpoint endpoint{Endpoint::Scheme::http, address, bound_port(fd.get()), {}};
  return std::make_unique<SocketListener>(loop.impl(), fd.release(), std::move(endpoint),
                                          settings_of(std::move(handler), limits, std::move(guard)));
}

Result<std::unique_ptr<Listener>> listen_unix(EventLoop& loop, const std::string& path, Handler handler,
                                              ServerLimits limits, Guard guard) {
  SocketAddress address;
  auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.empty() || path.size() >= sizeof local->sun_path) {
    return fail(ErrorKind::io, "cannot listen on '" + path + "': a socket's path has 1 to " +
                                   std::to_string(sizeof local->sun_path - 1) + " characters");
  }
  local->sun_family = AF_UNIX;
  std::memcpy(local->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof *local;
  if (path.starts_with('@')) {
    local->sun_path[0] = 0;
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  auto opened = open_socket(AF_UNIX);
  if (!opened) return tl::unexpected(opened.error());
  OpenFd fd(*opened);
  ::fchmod(fd.get(), S_IRUSR | S_IWUSR);  // before bind: nobody else ever gets to connect
  int bound = ::bind(fd.get(), address.get(), address.size);
  if (bound != 0 && errno == EADDRINUSE && !path.starts_with('@') && is_abandoned(address)) {
    ::unlink(path.c_str());
    bound = ::bind(fd.get(), address.get(), address.size);
  }
  if (bound != 0 || ::listen(fd.get(), backlog) != 0) {
    return fail(ErrorKind::io, "cannot listen on " + path + ": " + reason(errno));
  }
  Endpoint endpoint{Endpoint::Scheme::unix_socket, {}, 0, path};
  return std::make_unique<SocketListener>(loop.impl(), fd.release(), std::move(endpoint),
                                          settings_of(std::move(handler), limits, std::move(guard)));
}

std::unique_ptr<Connection> serve_connection(EventLoop& loop, int fd, Handler handler,
                                             std::function<void()> closed, Pipelined pipelined,
                                             ServerLimits limits, Guard guard) {
  std::shared_ptr<ServerConnection> connection;
  run_on(*loop.impl(), [&] {
    connection = std::make_shared<ServerConnection>(
        loop.impl(), loop.impl()->io,
        ServerConnection::Settings{std::move(handler), limits,
                                   std::make_shared<const Guard>(std::move(guard)), pipelined},
        ServerConnection::Events{std::move(closed), {}});
    connection->start(fd);
  });
  return std::make_unique<AdoptedConnection>(loop.impl(), std::move(connection));
}

}  // namespace lambdapool::http

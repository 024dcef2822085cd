#include "http/stream.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace lambdapool::http {
namespace {

Stream::Transfer of_errno(Stream::Status would_block) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {would_block};
  return {Stream::Status::failed, 0, reason(errno)};
}

}  // namespace

std::string reason(int error_number) {
  std::string text = std::strerror(error_number);
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a')
    text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Result<int> open_socket(int family) {
  int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(ErrorKind::io, "cannot open a socket: " + reason(errno));
  return fd;
}

void tune_tcp(int fd) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#ifdef TCP_KEEPIDLE
  // Long calls are silent on the wire; NAT gateways forget such connections after 350 seconds.
  int idle_s = 60, interval_s = 30, probes = 4;
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
#endif
#ifdef TCP_USER_TIMEOUT
  // A peer that acknowledges nothing for three minutes is gone; Linux would try for a quarter of an hour.
  unsigned int unacknowledged_ms = 180'000;
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
#endif
}

void Stream::start_tls(TlsContext& context, const std::string& host) {
  outer_ = std::move(ssl_);
  ssl_ = outer_ ? context.connect_through(outer_.get(), host) : context.connect(fd(), host);
}

Stream::Transfer Stream::read(char* into, std::size_t size) {
  if (ssl_) {
    ERR_clear_error();
    return tls_transfer(SSL_read(ssl_.get(), into, static_cast<int>(size)));
  }
  ssize_t got = 0;
  do {
    got = ::recv(fd(), into, size, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {Status::done, static_cast<std::size_t>(got)};
  if (got == 0) return {Status::closed};
  return of_errno(Status::want_read);
}

Stream::Transfer Stream::write(std::string_view first, std::string_view second) {
  if (ssl_) {
    std::string_view part = first.empty() ? second : first;
    ERR_clear_error();
    return tls_transfer(
        SSL_write(ssl_.get(), part.data(), static_cast<int>(std::min<std::size_t>(part.size(), 1 << 30))));
  }
  iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                    {const_cast<char*>(second.data()), second.size()}};
  msghdr message{};
  message.msg_iov = first.empty() ? parts + 1 : parts;
  message.msg_iovlen = (first.empty() ? 0 : 1) + (second.empty() ? 0 : 1);
  ssize_t sent = 0;
  do {
    sent = second.empty() ? ::send(fd(), first.data(), first.size(), MSG_NOSIGNAL)
                          : ::sendmsg(fd(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {Status::done, static_cast<std::size_t>(sent)};
  return of_errno(Status::want_write);
}

bool Stream::peer_has_closed() {
  char byte = 0;
  if (ssl_) {
    ERR_clear_error();
    return tls_transfer(SSL_peek(ssl_.get(), &byte, 1)).status !=
           Status::want_read;  // takes in session tickets
  }
  ssize_t got = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return true;  // or it says something that nobody asked for
  return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

Stream::Transfer Stream::handshake() {
  ERR_clear_error();
  return tls_transfer(SSL_do_handshake(ssl_.get()));
}

Stream::Transfer Stream::tls_transfer(int result) {
  if (result > 0) return {Status::done, static_cast<std::size_t>(result)};
  int saved = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Status::want_read};
    case SSL_ERROR_WANT_WRITE:
      return {Status::want_write};
    case SSL_ERROR_ZERO_RETURN:
      return {Status::closed};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return {Status::failed, 0, saved ? reason(saved) : "closed by the peer"};
    default: {
      const bool refusal = is_tls_refusal(ssl_.get());
      return {Status::failed, 0, tls_failure(ssl_.get()), refusal};
    }
  }
}

void Stream::take_from_asio() {
  boost::system::error_code ignored;
  taken_.reset(socket_.release(ignored));
}

void Stream::close() {
  if (!taken_ && !socket_.is_open()) return;
  if (ssl_) {
    if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());  // a courtesy; its fate is no matter
    ERR_clear_error();
  }
  taken_.reset();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace lambdapool::http

#include "runtime/channel.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t max_head = std::size_t{1} << 20;
constexpr std::size_t max_body = std::size_t{64} << 20;

tl::unexpected<Error> broken(const std::string& what) {
  return fail(ErrorKind::network, "the Lambda Runtime API " + what);
}

std::string reason() { return std::strerror(errno); }

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// A header's value, without regard to the case of its name; "" where it is absent.
std::string_view header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const std::size_t colon = line.find(':');
    if (colon != name.size() || ::strncasecmp(line.data(), name.data(), colon) != 0) continue;
    line.remove_prefix(colon + 1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    return line;
  }
  return {};
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (!port) return std::nullopt;
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(*port);
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(*port);
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
  } else {
    return std::nullopt;
  }
  return address;
}

}  // namespace

Result<Channel> Channel::on_descriptor(std::string_view number) {
  const auto fd = parse_number<int>(number);
  struct stat status {};
  if (!fd || *fd < 3 || ::fstat(*fd, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    return fail(ErrorKind::invalid_argument,
                "LAMBDAPOOL_RUNTIME_FD=" + std::string(number) + " is not a socket");
  }
  ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
  Channel channel;
  channel.fd_ = *fd;
  channel.host_ = "localhost";
  return channel;
}

Result<Channel> Channel::connect(const std::string& host_and_port) {
  Channel channel;
  channel.host_ = host_and_port;
  channel.reopens_ = true;
  if (auto opened = channel.open_socket(); !opened) return tl::unexpected<Error>(opened.error());
  return channel;
}

Channel::Channel(Channel&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      host_(std::move(other.host_)),
      reopens_(other.reopens_),
      buffer_(std::move(other.buffer_)) {}

Channel::~Channel() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Channel::open_socket() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  buffer_.clear();
  const auto address = parse_address(host_);
  if (!address) {
    return fail(ErrorKind::invalid_argument, "AWS_LAMBDA_RUNTIME_API=" + host_ + " is not ADDRESS:PORT");
  }
  fd_ = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return broken("needs a socket: " + reason());
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0) {
    return broken("at " + host_ + " cannot be reached: " + reason());
  }
  return {};
}

std::string Channel::next_request() const {
  // Over the channel of the local Lambda: it may send the task's bytes as they are (docs/protocol.md, Raw).
  const char* raw = reopens_ ? "" : "\r\nLambdapool-Raw: 1";
  return "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: " + host_ + raw + "\r\n\r\n";
}

Result<void> Channel::write(std::string_view head, std::string_view body, std::string_view tail) {
  std::string_view parts[] = {head, body, tail};
  while (true) {
    iovec vectors[3];
    std::size_t count = 0;
    for (std::string_view part : parts) {
      if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    if (count == 0) return {};
    msghdr message{};
    message.msg_iov = vectors;
    message.msg_iovlen = count;
    ssize_t sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return broken("took no answer: " + reason());
    for (std::string_view& part : parts) {
      const std::size_t taken = std::min(part.size(), static_cast<std::size_t>(sent));
      part.remove_prefix(taken);
      sent -= static_cast<ssize_t>(taken);
    }
  }
}

Result<bool> Channel::fill() {
  const std::size_t old = buffer_.size();
  buffer_.resize(old + 65'536);
  ssize_t got = 0;
  do {
    got = ::recv(fd_, buffer_.data() + old, buffer_.size() - old, 0);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0 && errno != ECONNRESET) return broken("cannot be read: " + reason());
  return got > 0;
}

Result<std::string> Channel::read_until(std::string_view end) {
  std::size_t from = 0;
  while (true) {
    if (const std::size_t at = buffer_.find(end, from); at != std::string::npos) {
      std::string text = buffer_.substr(0, at);
      buffer_.erase(0, at + end.size());
      return text;
    }
    from = buffer_.size() < end.size() ? 0 : buffer_.size() - end.size() + 1;
    if (buffer_.size() > max_head) return broken("sent a header of more than 1 MiB");
    const auto more = fill();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return broken("closed the connection");
  }
}

Result<std::string> Channel::read_bytes(std::size_t count) {
  if (count > max_body) return broken("sent a body of more than 64 MiB");
  while (buffer_.size() < count) {
    const auto more = fill();
    if (!more) return tl::unexpected<Error>(more.error());
    if (!*more) return broken("closed the connection in the middle of a body");
  }
  std::string bytes = buffer_.size() == count ? std::exchange(buffer_, {}) : buffer_.substr(0, count);
  if (!buffer_.empty()) buffer_.erase(0, count);
  return bytes;
}

Result<std::string> Channel::read_chunks() {
  std::string body;
  while (true) {
    const auto line = read_until("\r\n");
    if (!line) return tl::unexpected<Error>(line.error());
    const auto size =
        parse_number<std::size_t>(std::string_view(*line).substr(0, line->find_first_of("; ")), 16);
    if (!size || *size > max_body - body.size()) return broken("sent a chunk of an impossible size");
    if (*size == 0) break;
    const auto chunk = read_bytes(*size + 2);
    if (!chunk) return chunk;
    body.append(*chunk, 0, *size);
  }
  while (true) {  // trailers, up to an empty line
    const auto line = read_until("\r\n");
    if (!line) return tl::unexpected<Error>(line.error());
    if (line->empty()) return body;
  }
}

Result<Channel::Response> Channel::read() {
  Response response;
  auto head = read_until("\r\n\r\n");
  if (!head) return tl::unexpected<Error>(head.error());
  response.head = std::move(*head);
  const std::string_view line = std::string_view(response.head).substr(0, response.head.find("\r\n"));
  const auto status =
      line.size() >= 12 && line.starts_with("HTTP/1.") ? parse_number<int>(line.substr(9, 3)) : std::nullopt;
  if (!status) return broken("answered with something that is not HTTP/1.1");
  response.status = *status;
  Result<std::string> body{std::string()};
  if (header(response.head, "transfer-encoding") == "chunked") {
    body = read_chunks();
  } else if (const std::string_view length = header(response.head, "content-length"); !length.empty()) {
    const auto size = parse_number<std::size_t>(length);
    if (!size) return broken("sent a Content-Length that is not a number");
    body = read_bytes(*size);
  }
  if (!body) return tl::unexpected<Error>(body.error());
  response.body = std::move(*body);
  return response;
}

Result<Invocation> Channel::read_invocation() {
  auto response = read();
  if (!response) return tl::unexpected<Error>(response.error());
  if (response->status != 200) {
    return broken("refused to hand out an invocation: HTTP " + std::to_string(response->status) + " " +
                  response->body.substr(0, 200));
  }
  Invocation invocation;
  invocation.request_id = std::string(header(response->head, "lambda-runtime-aws-request-id"));
  const auto deadline = parse_number<std::int64_t>(header(response->head, "lambda-runtime-deadline-ms"));
  if (invocation.request_id.empty() || !deadline)
    return broken("sent an invocation without an id or a deadline");
  // The clock's range is smaller than the header's: "never" is the last time that it can say.
  const std::chrono::milliseconds since_1970(std::max<std::int64_t>(*deadline, 0));
  invocation.deadline = nearest_time(std::chrono::sys_time<std::chrono::milliseconds>(since_1970));
  invocation.payload = std::move(response->body);
  return invocation;
}

Result<Invocation> Channel::first() {
  if (auto written = write(next_request(), {}, {}); !written) return tl::unexpected<Error>(written.error());
  return read_invocation();
}

std::string Channel::answer_head(const std::string& request_id, Answered kind, std::size_t size,
                                 std::string_view error_type) const {
  std::string head = "POST /2018-06-01/runtime/invocation/" + request_id +
                     (kind == Answered::response ? "/response" : "/error") + " HTTP/1.1\r\nHost: " + host_ +
                     "\r\nContent-Type: application/json\r\n";
  if (!error_type.empty()) head += "Lambda-Runtime-Function-Error-Type: " + std::string(error_type) + "\r\n";
  return head + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}

Result<Invocation> Channel::answer(const std::string& request_id, Answered kind, std::string_view body,
                                   std::string_view error_type) {
  const std::string head = answer_head(request_id, kind, body.size(), error_type);
  const std::string next = next_request();

  // A kept-alive connection may have been closed while the function ran: once more on a new one. Had the
  // answer arrived all the same, the service refuses the second and hands out the next invocation.
  auto written = write(head, body, next);
  Result<Response> accepted = written ? read() : Result<Response>(tl::unexpected<Error>(written.error()));
  if (!accepted && reopens_) {
    if (auto opened = open_socket(); !opened) return tl::unexpected<Error>(opened.error());
    written = write(head, body, next);
    accepted = written ? read() : Result<Response>(tl::unexpected<Error>(written.error()));
  }
  if (!accepted) return tl::unexpected<Error>(accepted.error());
  return next_after(*accepted);
}

Result<void> Channel::answer_alone(const std::string& request_id, Answered kind, std::string_view body,
                                   std::string_view error_type) {
  auto written = write(answer_head(request_id, kind, body.size(), error_type), body, {});
  if (!written) return written;
  const auto accepted = read();
  if (!accepted) return tl::unexpected<Error>(accepted.error());
  tell_refusal(*accepted);
  return {};
}

void Channel::tell_refusal(const Response& accepted) {
  if (accepted.status == 202) return;
  const std::string line = "lambdapool: the Lambda Runtime API refused an answer: HTTP " +
                           std::to_string(accepted.status) + " " + accepted.body.substr(0, 200) + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

// The request for it has gone out with the answer.
Result<Invocation> Channel::next_after(const Response& accepted) {
  tell_refusal(accepted);
  if (header(accepted.head, "connection") == "close" && reopens_) {
    if (auto opened = open_socket(); !opened) return tl::unexpected<Error>(opened.error());
    return first();
  }
  return read_invocation();
}

bool Channel::peer_has_closed() const {
  char byte = 0;
  const ssize_t got = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

Result<void> Channel::begin_stream(const std::string& request_id, std::string_view content_type) {
  if (reopens_ && peer_has_closed())  // a kept-alive connection, while the function ran
    if (auto opened = open_socket(); !opened) return opened;
  const std::string head = "POST /2018-06-01/runtime/invocation/" + request_id +
                           "/response HTTP/1.1\r\nHost: " + host_ +
                           "\r\nContent-Type: " + std::string(content_type) +
                           "\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
                           "Transfer-Encoding: chunked\r\n"
                           "Trailer: Lambda-Runtime-Function-Error-Type\r\n"
                           "Trailer: Lambda-Runtime-Function-Error-Body\r\n\r\n";
  return write(head, {}, {});
}

bool Channel::takes_more() const {
  pollfd socket{fd_, POLLOUT, 0};
  return ::poll(&socket, 1, 0) == 1 && socket.revents == POLLOUT;
}

Result<void> Channel::stream(std::string_view piece, std::string_view more) {
  if (piece.empty() && more.empty()) return {};  // that would be the end
  char size[16];
  const auto [end, error] = std::to_chars(size, size + sizeof size, piece.size() + more.size(), 16);
  return write(std::string(size, end).append("\r\n").append(piece), more, "\r\n");
}

Result<Invocation> Channel::end_stream(const std::optional<Trailer>& error) {
  std::string end = "0\r\n";
  if (error)
    end += "Lambda-Runtime-Function-Error-Type: " + error->type +
           "\r\nLambda-Runtime-Function-Error-Body: " + base64_encode(error->body) + "\r\n";
  end += "\r\n";
  if (auto written = write(end, {}, next_request()); !written) return tl::unexpected<Error>(written.error());
  const auto accepted = read();
  if (!accepted) return tl::unexpected<Error>(accepted.error());
  return next_after(*accepted);
}

}  // namespace lambdapool::runtime

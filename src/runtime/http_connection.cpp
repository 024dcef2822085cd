#include "runtime/http_connection.hpp"

#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "core/part_frames.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t head_max = std::size_t{64} << 10;
constexpr const char* plain = "text/plain";

std::optional<std::size_t> number_in(std::string_view text, int base) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// "" where there is none.
std::string_view header_in(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    std::string_view line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !same_text(line.substr(0, colon), name)) continue;
    line.remove_prefix(colon + 1);
    while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    return line;
  }
  return {};
}

std::string_view words_for(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 405:
      return "Method Not Allowed";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    default:
      return "Bad Request";
  }
}

std::string head_of(int status, std::string_view content_type) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  return head.append(words_for(status)).append("\r\nContent-Type: ").append(content_type).append("\r\n");
}

}  // namespace

HttpConnection::~HttpConnection() { ::close(socket_); }

bool HttpConnection::fill() {
  const auto old = buffer_.size();
  buffer_.resize(old + 65'536);
  ssize_t got = 0;
  do {
    got = ::recv(socket_, buffer_.data() + old, buffer_.size() - old, 0);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0;
}

bool HttpConnection::read_bytes(std::size_t count, std::string& to) {
  while (buffer_.size() < count)
    if (!fill()) return false;
  to.append(buffer_, 0, count);
  buffer_.erase(0, count);
  return true;
}

std::optional<std::string> HttpConnection::read_line() {
  for (;;) {
    if (const auto end = buffer_.find("\r\n"); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return line;
    }
    if (buffer_.size() > head_max || !fill()) return std::nullopt;
  }
}

bool HttpConnection::refuse(int status, std::string_view why) {
  answer(status, plain, std::string(why) + "\n", "Connection: close\r\n");
  return false;
}

bool HttpConnection::read_chunks(std::size_t body_max, std::string& to) {
  for (;;) {
    const auto line = read_line();
    if (!line) return false;
    const auto size = number_in(std::string_view(*line).substr(0, line->find_first_of("; ")), 16);
    if (!size) return refuse(400, "a chunk has no size");
    if (*size > body_max - to.size())
      return refuse(413, "a task has at most " + std::to_string(body_max) + " bytes");
    if (*size == 0) break;
    std::string end;
    if (!read_bytes(*size, to) || !read_bytes(2, end)) return false;
  }
  for (;;) {  // trailers, up to an empty line
    const auto line = read_line();
    if (!line) return false;
    if (line->empty()) return true;
  }
}

bool HttpConnection::read_body(std::string_view head, std::size_t body_max, std::string& to) {
  const bool chunked = same_text(header_in(head, "Transfer-Encoding"), "chunked");
  const auto length = header_in(head, "Content-Length");
  const auto size = number_in(length, 10);
  if (!chunked && !length.empty() && !size) return refuse(400, "the Content-Length is no number");
  if (!chunked && size.value_or(0) > body_max)
    return refuse(413, "a task has at most " + std::to_string(body_max) + " bytes");
  if (same_text(header_in(head, "Expect"), "100-continue")) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    if (::send(socket_, go_on.data(), go_on.size(), MSG_NOSIGNAL) < 0) return false;
  }
  return chunked ? read_chunks(body_max, to) : read_bytes(size.value_or(0), to);
}

std::optional<HttpRequest> HttpConnection::next(std::size_t body_max) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (buffer_.size() > head_max || !fill()) return std::nullopt;
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  const auto line = std::string_view(head).substr(0, head.find("\r\n"));
  if (!line.ends_with(" HTTP/1.1") && !line.ends_with(" HTTP/1.0")) {
    refuse(400, "this is not HTTP/1.1");
    return std::nullopt;
  }
  HttpRequest request;
  request.method = line.substr(0, line.find(' '));
  request.keep_alive = line.ends_with("1") && !same_text(header_in(head, "Connection"), "close");
  request.trace_context = header_in(head, "X-Cloud-Trace-Context");
  request.traceparent = header_in(head, "traceparent");
  request.accepts_parts =
      line.ends_with("1") && header_in(head, "Accept").find(parts_media_type) != std::string_view::npos;
  request.wants_output = header_in(head, live_output_header) == live_output_value;
  if (!read_body(head, body_max, request.body)) return std::nullopt;
  return request;
}

bool HttpConnection::answer(int status, std::string_view content_type, std::string_view body,
                            std::string_view headers) {
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return send({head_of(status, content_type), headers, length, body});
}

bool HttpConnection::begin_chunks(std::string_view content_type, std::string_view headers) {
  return send({head_of(200, content_type), headers, "Transfer-Encoding: chunked\r\n\r\n"});
}

bool HttpConnection::chunk(std::string_view piece, std::string_view more) {
  if (piece.empty() && more.empty()) return true;  // that would be the end
  std::array<char, 2 * sizeof(std::size_t)> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), piece.size() + more.size(), 16);
  return send(
      {{digits.data(), static_cast<std::size_t>(end.ptr - digits.data())}, "\r\n", piece, more, "\r\n"});
}

bool HttpConnection::end_chunks() { return send({"0\r\n\r\n"}); }

bool HttpConnection::send(std::initializer_list<std::string_view> pieces) {
  std::array<iovec, 8> parts{};
  std::size_t count = 0;
  for (const auto piece : pieces) parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  while (message.msg_iovlen > 0) {
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    auto left = static_cast<std::size_t>(sent);
    while (message.msg_iovlen > 0 && left >= message.msg_iov->iov_len) {
      left -= message.msg_iov->iov_len;
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    if (message.msg_iovlen == 0) return true;
    message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + left;
    message.msg_iov->iov_len -= left;
  }
  return true;
}

}  // namespace lambdapool::runtime

#include "http/server_connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>

namespace lambdapool::http {
namespace {

// Read ahead of a pending answer: enough to notice the end, no more than a sane client pipelines.
constexpr std::size_t read_ahead_max = 256 * 1'024;
// Of a request refused for its size, so much is still taken in, that the client gets to read the answer.
constexpr std::uint64_t discard_max = 256ull << 20;

std::string_view phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const Response& response, bool keep_alive) {
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(phrase(response.status));
  out.append("\r\n");
  bool length_given = false;
  for (const auto& header : response.headers.items()) {
    length_given |= equal_ignoring_case(header.name, "content-length");
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (has_body(response.status) && !length_given) {
    out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
}

}  // namespace

// Holds the connection weakly: a handler may keep its responder longer than anything else lives.
class ResponderSink : public Responder::Sink {
 public:
  ResponderSink(std::weak_ptr<EventLoop::Impl> loop, std::weak_ptr<ServerConnection> connection)
      : loop_(std::move(loop)), connection_(std::move(connection)) {}

  ~ResponderSink() override {
    if (answered_) return;
    on_loop([](ServerConnection& connection) { connection.abandon(); });
  }
  void send(Response response) override {
    answered_ = true;
    on_loop([response = std::move(response)](ServerConnection& connection) mutable {
      connection.answer(std::move(response));
    });
  }
  void on_disconnect(std::function<void()> gone) override {
    on_loop([gone = std::move(gone)](ServerConnection& connection) mutable {
      if (connection.ended_) return gone();
      connection.gone_ = std::move(gone);
    });
  }

 private:
  template <class Work>
  void on_loop(Work work) {
    auto loop = loop_.lock();
    if (!loop) return;
    if (loop->on_thread()) {
      if (auto connection = connection_.lock()) work(*connection);
      return;
    }
    asio::post(loop->io, [held = connection_, work = std::move(work)]() mutable {
      if (auto connection = held.lock()) work(*connection);
    });
  }

  std::weak_ptr<EventLoop::Impl> loop_;
  std::weak_ptr<ServerConnection> connection_;
  bool answered_ = false;
};

ServerConnection::ServerConnection(std::weak_ptr<EventLoop::Impl> loop, asio::io_context& io, Handler handler,
                                   ServerLimits limits, Events events, Pipelined pipelined)
    : loop_(std::move(loop)),
      stream_(io),
      handler_(std::move(handler)),
      events_(std::move(events)),
      limits_(limits),
      pipelined_(pipelined),
      parser_({limits.max_header_bytes, limits.max_body_bytes}) {}

void ServerConnection::start(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  int family = address.ss_family;
  if (family != AF_UNIX) tune_tcp(fd);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  boost::system::error_code error;
  stream_.socket().assign(asio::generic::stream_protocol(family, 0), fd, error);
  if (!error) stream_.socket().native_non_blocking(true, error);
  if (error) return on_end(true);
  wait_to_read();
}

void ServerConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stream_.close();
  gone_ = nullptr;
  handler_ = nullptr;
  if (auto over = std::exchange(events_, {}).over) over(*this);
}

void ServerConnection::wait_to_read() {
  if (waiting_to_read_ || ended_ || state_ == State::closed) return;
  waiting_to_read_ = true;
  stream_.wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code error) {
    self->waiting_to_read_ = false;
    if (self->state_ == State::closed || error == asio::error::operation_aborted) return;
    self->read();
  });
}

void ServerConnection::read() {
  if (state_ == State::lingering) return discard();
  for (;;) {
    if (state_ != State::reading && buffer_.data().size() >= read_ahead_max) return;
    char* into = buffer_.prepare(ReadBuffer::small);
    std::size_t room = buffer_.room();
    auto outcome = stream_.read(into, room);
    if (outcome.status == Stream::Status::want_read) return wait_to_read();
    if (outcome.status != Stream::Status::done) return on_end(outcome.status == Stream::Status::failed);
    buffer_.commit(outcome.bytes);
    if (state_ == State::reading) serve();
    if (state_ == State::closed || ended_) return;
    if (state_ == State::lingering || outcome.bytes < room) return wait_to_read();
  }
}

// The peer has shut down its side. One that waits for an answer may still get it, unless the connection
// is broken.
void ServerConnection::on_end(bool broken) {
  auto self = shared_from_this();
  ended_ = true;
  if (broken || state_ == State::reading || state_ == State::lingering) {
    auto gone = std::exchange(gone_, nullptr);
    peer_has_closed();
    if (gone) gone();
    return close();
  }
  if (buffer_.empty()) peer_has_closed();
  if (auto gone = std::exchange(gone_, nullptr)) gone();
}

void ServerConnection::peer_has_closed() {
  if (std::exchange(told_closed_, true)) return;
  if (auto tell = std::exchange(events_.peer_closed, nullptr)) tell();
}

// Serves what is in the buffer, request by request, as long as answers come at once.
void ServerConnection::serve() {
  if (serving_) return;
  auto self = shared_from_this();
  serving_ = true;
  while (state_ == State::reading && !buffer_.empty()) {
    if (!feed()) break;
  }
  serving_ = false;
  if (state_ == State::reading && ended_) {
    peer_has_closed();
    close();
  }
}

// True: a request was complete and has been handed over.
bool ServerConnection::feed() {
  std::string_view bytes = buffer_.data();
  Progress progress = parser_.feed(bytes);
  buffer_.keep_last(bytes.size());
  if (progress == Progress::complete) {
    hand_over();
    return true;
  }
  if (progress != Progress::more) {
    refuse(progress);
  } else if (parser_.wants_continue() && !std::exchange(continued_, true)) {
    constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.write(line, {});  // so short that it fits, or else the client goes on without it
  }
  return false;
}

void ServerConnection::refuse(Progress progress) {
  Response response;
  response.headers.add("Content-Type", "text/plain");
  switch (progress) {
    case Progress::body_too_long:
      response.status = 413;
      response.body = "The body must be at most " + std::to_string(limits_.max_body_bytes) + " bytes.\n";
      break;
    case Progress::header_too_long:
      response.status = 431;
      response.body = "Request line and headers must be at most " + std::to_string(limits_.max_header_bytes) +
                      " bytes.\n";
      break;
    default:
      response.status = 400;
      response.body = "This is no HTTP/1.1 request: " + std::string(parser_.why()) + ".\n";
  }
  keep_alive_ = false;
  head_only_ = false;
  state_ = State::answering;
  answer(std::move(response));
}

void ServerConnection::hand_over() {
  keep_alive_ = parser_.keep_alive();
  Request request = parser_.take();
  parser_.reset();
  continued_ = false;
  head_only_ = request.method == "HEAD";
  state_ = State::answering;
  handler_(std::move(request), Responder(std::make_unique<ResponderSink>(loop_, weak_from_this())));
}

void ServerConnection::answer(Response response) {
  if (state_ != State::answering) return;
  gone_ = nullptr;
  if (equal_ignoring_case(response.headers.get("connection"), "close")) {
    response.headers.remove("connection");
    keep_alive_ = false;
  }
  append_head(head_, response, keep_alive_);
  const bool bodiless = head_only_ || !has_body(response.status);
  if (pipelined_ == Pipelined::together && keep_alive_ && !buffer_.empty()) {
    if (!bodiless) head_ += response.body;
    return answered();
  }
  if (!bodiless) body_ = std::move(response.body);
  state_ = State::writing;
  write();
}

void ServerConnection::abandon() {
  if (state_ == State::answering) close();
}

void ServerConnection::write() {
  for (;;) {
    std::string_view head = std::string_view(head_).substr(head_sent_);
    std::string_view body = std::string_view(body_).substr(body_sent_);
    if (head.empty() && body.empty()) return written();
    auto outcome = stream_.write(head, body);
    if (outcome.status == Stream::Status::done) {
      std::size_t of_head = std::min(outcome.bytes, head.size());
      head_sent_ += of_head;
      body_sent_ += outcome.bytes - of_head;
      continue;
    }
    if (outcome.status != Stream::Status::want_write) {
      auto self = shared_from_this();
      peer_has_closed();
      return close();
    }
    return stream_.wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
      if (self->state_ == State::writing && error != asio::error::operation_aborted) self->write();
    });
  }
}

void ServerConnection::written() {
  head_.clear();
  body_.clear();
  head_sent_ = body_sent_ = 0;
  if (!keep_alive_) return linger();
  answered();
}

// What is held back in head_ goes out with the next answer.
void ServerConnection::answered() {
  state_ = State::reading;
  if (serving_) return;
  // A read-ahead that had filled its allowance stopped waiting.
  serve();
  wait_to_read();
}

// Closing with unread data makes the kernel reset the connection, and the peer may lose the answer: so
// our side is shut down first, and what still comes is thrown away until the peer closes too.
void ServerConnection::linger() {
  if (ended_) return close();
  state_ = State::lingering;
  ::shutdown(stream_.socket().native_handle(), SHUT_WR);
  buffer_ = {};
  if (!serving_) wait_to_read();
}

void ServerConnection::discard() {
  char* into = buffer_.prepare(64 * 1'024);
  for (;;) {
    auto outcome = stream_.read(into, buffer_.room());
    if (outcome.status == Stream::Status::want_read) return wait_to_read();
    if (outcome.status != Stream::Status::done) return on_end(true);
    discarded_ += outcome.bytes;
    if (discarded_ > discard_max) return on_end(true);
  }
}

}  // namespace lambdapool::http

#include "http/server_connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/body_stream.hpp"
#include "http/caller.hpp"
#include "http/responder_sink.hpp"
#include "http/response_head.hpp"

namespace lambdapool::http {
namespace {

// Read ahead of a pending answer: enough to notice the end, no more than a sane client pipelines.
constexpr std::size_t read_ahead_max = 64 * 1'024;
// Of a request refused for its size, so much is still taken in, that the client gets to read the answer.
constexpr std::uint64_t discard_max = 256ull << 20;
constexpr std::uint64_t source_piece = 256 * 1'024;  // of a streamed answer, in memory at a time

}  // namespace

ServerConnection::ServerConnection(std::weak_ptr<EventLoop::Impl> loop, asio::io_context& io,
                                   Settings settings, Events events)
    : loop_(std::move(loop)),
      stream_(io),
      settings_(std::move(settings)),
      events_(std::move(events)),
      parser_({settings_.limits.max_header_bytes, settings_.limits.max_body_bytes}) {}

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
  expect_within(&Deadlines::head);
  wait_to_read();
}

void ServerConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  stream_.close();
  source_.reset();
  live_.reset();
  gone_ = nullptr;
  settings_.handler = nullptr;
  share_ = {};
  wait_for_room_.reset();
  deadline_.reset();
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

// Whatever a peer makes us run out of is its own connection's end, not the service's.
void ServerConnection::read() {
  auto self = shared_from_this();
  try {
    read_some();
  } catch (const std::exception&) {
    serving_ = false;
    out_of_memory();
  }
}

void ServerConnection::read_some() {
  if (state_ == State::lingering) return discard();
  for (;;) {
    if (state_ != State::reading && buffer_.data().size() >= read_ahead_max) return;
    if (!head_fits()) return refuse(503, "There is no memory for so large a head just now.");
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
  const bool working = state_ == State::answering || state_ == State::writing;
  if (broken || !working) {
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
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    expect_within(&Deadlines::head);
  }
  Progress progress;
  do {
    std::string_view bytes = buffer_.data();
    progress = parser_.feed(bytes);
    buffer_.keep_last(bytes.size());
  } while (progress == Progress::head && admit());
  if (progress == Progress::complete) {
    hand_over();
    return true;
  }
  if (progress == Progress::more) {
    go_on();
  } else if (parser_.refused()) {
    refuse(*parser_.refused());
  } else if (progress != Progress::head) {
    refuse(progress);
  }
  return false;
}

// The head is there, and says who calls and what for.
bool ServerConnection::admit() {
  phase_ = Phase::body;
  const Guard& guard = *settings_.guard;
  if (guard.deadlines) body_until_ = guard.deadlines->clock() + guard.deadlines->body;
  if (guard.screen) {
    if (auto refusal = guard.screen(parser_.head(), caller())) {
      refuse(std::move(*refusal));
      return false;
    }
  }
  if (guard.divert) {
    if (std::shared_ptr<BodySink> sink = guard.divert(parser_.head())) {
      parser_.divert(std::move(sink));
      return true;
    }
  }
  if (parser_.body_length().value_or(0) > settings_.limits.max_body_bytes) {
    refuse(Progress::body_too_long);
    return false;
  }
  return make_room();
}

void ServerConnection::refuse(Progress progress) {
  switch (progress) {
    case Progress::body_too_long:
      return refuse(
          413, "The body must be at most " + std::to_string(settings_.limits.max_body_bytes) + " bytes.");
    case Progress::header_too_long:
      return refuse(431, "Request line and headers must be at most " +
                             std::to_string(settings_.limits.max_header_bytes) + " bytes.");
    default:
      return refuse(400, "This is no HTTP/1.1 request: " + std::string(parser_.why()) + ".");
  }
}

void ServerConnection::refuse(int status, std::string why) {
  Response response{status, {{"Content-Type", "text/plain"}}, std::move(why) + "\n"};
  if (status == 503) response.headers.add("Retry-After", "1");
  refuse(std::move(response));
}

void ServerConnection::refuse(Response response) {
  keep_alive_ = false;
  head_only_ = false;
  state_ = State::answering;
  answer(++number_, std::move(response));
}

void ServerConnection::out_of_memory() {
  if (state_ != State::reading) return close();
  try {
    buffer_ = {};
    parser_.reset();
    refuse(503, "There is no memory for this request.");
  } catch (const std::exception&) {
    close();
  }
}

void ServerConnection::hand_over() {
  keep_alive_ = parser_.keep_alive();
  Request request = parser_.take();
  parser_.reset();
  continued_ = false;
  phase_ = Phase::idle;
  head_only_ = request.method == "HEAD";
  state_ = State::answering;
  expect_within(nullptr);
  if (buffer_.empty() && settings_.guard->memory) buffer_.forget_beyond(free_bytes);
  call_handler(std::move(request));
}

void ServerConnection::call_handler(Request request) {
  const auto number = ++number_;
  std::string why;
  calling_ = true;
  abandoned_ = false;
  try {
    settings_.handler(std::move(request), Responder(std::make_unique<ResponderSink>(
                                              loop_, weak_from_this(), number, std::move(share_))));
  } catch (const std::exception& failure) {
    why = failure.what();
    abandoned_ = true;
  }
  calling_ = false;
  if (!abandoned_ || state_ != State::answering || number != number_) return;
  if (why.empty()) return close();
  keep_alive_ = false;
  answer(number, {500, {{"Content-Type", "text/plain"}}, "Internal error: " + why + "\n"});
}

void ServerConnection::answer(std::uint64_t number, Response response) {
  if (state_ != State::answering || number != number_) return;
  gone_ = nullptr;
  if (equal_ignoring_case(response.headers.get("connection"), "close")) {
    response.headers.remove("connection");
    keep_alive_ = false;
  }
  append_head(head_, response, keep_alive_);
  const bool bodiless = head_only_ || !has_body(response.status);
  if (settings_.pipelined == Pipelined::together && keep_alive_ && !buffer_.empty() && !response.source &&
      !response.live) {
    if (!bodiless) head_ += response.body;
    return answered();
  }
  if (!bodiless) body_ = std::move(response.body);
  if (!bodiless && response.source) {
    source_left_ = response.source->size();
    source_ = std::move(response.source);
  }
  if (!bodiless && response.live) {
    live_ = std::move(response.live);
    live_->on_news([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && std::exchange(self->waiting_for_live_, false)) self->write();
    });
  }
  state_ = State::writing;
  write();
}

void ServerConnection::abandon(std::uint64_t number) {
  if (state_ != State::answering || number != number_) return;
  if (calling_) {
    abandoned_ = true;
  } else {
    close();
  }
}

void ServerConnection::write() {
  for (;;) {
    std::string_view head = std::string_view(head_).substr(head_sent_);
    std::string_view body = std::string_view(body_).substr(body_sent_);
    if (head.empty() && body.empty()) {
      switch (live_ ? next_live() : next_piece()) {
        case Next::here:
          continue;
        case Next::later:
          return;
        case Next::none:
          return written();
        case Next::broken:
          auto self = shared_from_this();
          return close();
      }
    }
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
    expect_within(&Deadlines::stall);
    return stream_.wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
      if (self->state_ == State::writing && error != asio::error::operation_aborted) self->write();
    });
  }
}

ServerConnection::Next ServerConnection::next_piece() {
  if (source_left_ == 0) return Next::none;
  body_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(source_left_, source_piece)));
  const auto bytes = source_->read(body_.data(), body_.size());
  body_.resize(bytes);
  body_sent_ = 0;
  source_left_ -= bytes;
  return bytes > 0 ? Next::here : Next::broken;
}

ServerConnection::Next ServerConnection::next_live() {
  const auto end = live_->how_it_ended();
  body_ = live_->take();
  body_sent_ = 0;
  if (!body_.empty()) {
    if (keep_alive_) body_ = chunk_of(body_);
    return Next::here;
  }
  if (end == LiveBody::End::broken) return Next::broken;
  if (end == LiveBody::End::none) {
    waiting_for_live_ = true;
    expect_within(nullptr);
    return Next::later;
  }
  live_.reset();
  if (keep_alive_) body_ = last_chunk;
  return Next::here;
}

void ServerConnection::written() {
  head_.clear();
  body_.clear();
  source_.reset();
  head_sent_ = body_sent_ = 0;
  if (!keep_alive_) return linger();
  answered();
}

// What is held back in head_ goes out with the next answer.
void ServerConnection::answered() {
  state_ = State::reading;
  expect_within(&Deadlines::idle);
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
  share_ = {};
  parser_.reset();
  expect_within(&Deadlines::stall);
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

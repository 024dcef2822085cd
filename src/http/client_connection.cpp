#include "http/client_connection.hpp"

#include <algorithm>

#include "http/body_stream.hpp"

namespace lambdapool::http {
namespace {

// A small body goes out with the head, and under TLS in its record: to send one part takes less than two.
constexpr std::size_t coalesce_max = 16 * 1'024;

std::string seconds(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1'000);
  if (auto rest = time.count() % 1'000) text += "." + std::to_string(1'000 + rest).substr(1);
  return text + " s";
}

bool method_has_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// tinyproxy says 401 where 407 is meant; AWS does not use it, and signs what it says with a request id.
bool is_proxys_refusal(const Response& response) {
  return response.status == 407 ||
         (response.status == 401 && response.headers.find("x-amzn-requestid") == nullptr);
}

}  // namespace

ClientConnection::ClientConnection(asio::io_context& io, Pool& pool, Scratch& scratch,
                                   const ClientOptions& options, std::shared_ptr<const Route> route,
                                   std::shared_ptr<Readiness> readiness)
    : pool_(pool),
      scratch_(scratch),
      options_(options),
      stream_(io),
      route_(std::move(route)),
      where_(route_->where()),
      connector_(std::make_shared<Connector>(io, route_)),
      readiness_(std::move(readiness)) {}

// --- connecting

void ClientConnection::connect(std::size_t turn) {
  set_deadline(Clock::now() + options_.connect_timeout);
  connector_->start(turn, [self = shared_from_this()](Result<Stream> outcome) {
    if (!outcome) return self->connect_failed(std::move(outcome.error()));
    self->connected(std::move(*outcome));
  });
}

void ClientConnection::connected(Stream stream) {
  stream_ = std::move(stream);
  stream_.take_from_asio();
  if (auto watched = readiness_->watch(stream_.fd(), *this); !watched)
    return connect_failed(std::move(watched.error()));
  watching_ = true;
  state_ = State::idle;
  set_deadline(Clock::now() + options_.idle_timeout);
  pool_.connected(*this);
}

void ClientConnection::connect_failed(Error error) {
  close();
  pool_.not_connected(*this, std::move(error));
}

// --- sending

ClientConnection::Started ClientConnection::start(std::unique_ptr<Exchange>& exchange,
                                                  Clock::time_point now) {
  exchange_ = std::move(exchange);
  state_ = State::busy;
  std::string& head = scratch_.head;
  head.clear();
  append_head(head);
  body_sent_ = 0;
  sent_all_ = sent_some_ = false;
  write_failure_.clear();
  if (exchange_->request.body.size() <= coalesce_max) {
    head += exchange_->request.body;
    body_sent_ = exchange_->request.body.size();
  }
  unsent_head_ = head;
  set_deadline(now + exchange_->read_timeout);
  if (write()) {
    if (!unsent_head_.empty()) unsent_head_ = head_ = unsent_head_;
    return Started::yes;
  }
  exchange = std::move(exchange_);
  close();
  return Started::no;
}

void ClientConnection::append_head(std::string& head) const {
  const Request& request = exchange_->request;
  head.append(request.method).append(" ");
  if (route_->asks_proxy()) head.append(options_.endpoint.url());
  head.append(request.target).append(" HTTP/1.1\r\n");
  // Proxies such as tinyproxy pass the endpoint's promise to keep the connection on, and then close it.
  if (route_->asks_proxy()) head.append("Connection: close\r\n");
  if (route_->asks_proxy() && !route_->proxy->authorization.empty())
    head.append("Proxy-Authorization: ").append(route_->proxy->authorization).append("\r\n");
  bool has_host = request.common != nullptr;
  bool has_length = false;
  if (request.common) head.append(*request.common);
  for (const auto& header : request.headers.items()) {
    has_host |= equal_ignoring_case(header.name, "host");
    has_length |= equal_ignoring_case(header.name, "content-length");
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (!has_host) head.append("Host: ").append(options_.endpoint.host_header()).append("\r\n");
  if (!has_length && (!request.body.empty() || method_has_body(request.method))) {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  head.append("\r\n");
}

// False: the connection is broken and nothing of the exchange has been sent on it.
bool ClientConnection::write() {
  for (;;) {
    std::string_view body = std::string_view(exchange_->request.body).substr(body_sent_);
    if (unsent_head_.empty() && body.empty()) {
      sent_all_ = true;
      return true;
    }
    auto outcome = stream_.write(unsent_head_, body);
    if (outcome.status == Stream::Status::done) {
      std::size_t of_head = std::min(outcome.bytes, unsent_head_.size());
      unsent_head_.remove_prefix(of_head);
      body_sent_ += outcome.bytes - of_head;
      sent_some_ = true;
      continue;
    }
    // Under TLS part of a record may have gone out before the descriptor was full.
    if (outcome.status == Stream::Status::want_write) {
      sent_some_ |= stream_.is_tls();
      wait_to_write();
      return true;
    }
    if (outcome.status == Stream::Status::want_read) return true;  // read() writes on
    if (!sent_some_) return false;
    write_failure_ = outcome.status == Stream::Status::closed ? "closed by the peer" : outcome.why;
    return true;  // the peer may have answered before it closed: read() finds out
  }
}

void ClientConnection::wait_to_write() {
  if (!std::exchange(waiting_to_write_, true)) readiness_->watch_writing(stream_.fd(), *this);
}

void ClientConnection::write_on() {
  waiting_to_write_ = false;
  readiness_->watch_reading(stream_.fd(), *this);
  if (state_ != State::busy || sent_all_) return;
  if (!write()) broken("closed by the peer");
}

// --- receiving

void ClientConnection::ready(Readiness::What what) {
  const auto self = shared_from_this();  // whoever hears an answer may forget this
  peer_ended_ |= what.ended;
  if (what.to_write && waiting_to_write_) write_on();
  if (what.to_read) read();
}

void ClientConnection::read() {
  auto next = Next::read_on;
  while (next == Next::read_on && state_ != State::closed) next = read_some();
}

ClientConnection::Next ClientConnection::read_some() {
  const auto room = scratch_.room();
  const auto outcome = stream_.read(room.data(), room.size());
  if (outcome.status != Stream::Status::done) return nothing_read(outcome);
  if (state_ != State::busy) {
    broken("unasked bytes");
    return Next::stop;
  }
  const bool is_all = outcome.bytes < room.size() && !stream_.is_tls() && !peer_ended_;
  const Next next = take_in({room.data(), outcome.bytes});
  return next == Next::read_on && is_all ? Next::wait : next;
}

ClientConnection::Next ClientConnection::nothing_read(const Stream::Transfer& outcome) {
  switch (outcome.status) {
    case Stream::Status::done:
    case Stream::Status::want_read:
    case Stream::Status::want_write:
      if (state_ == State::busy && !sent_all_ && stream_.is_tls() && write_failure_.empty() && !write()) {
        broken("closed by the peer");
        return Next::stop;
      }
      return Next::wait;
    case Stream::Status::closed:
      if (state_ == State::busy && has_begun() && parser_->feed_end() == Progress::complete) {
        complete();
      } else {
        broken("closed by the peer", CutOff::yes);
      }
      return Next::stop;
    case Stream::Status::failed:
      broken(outcome.why);
      return Next::stop;
  }
  return Next::stop;
}

ClientConnection::Next ClientConnection::take_in(std::string_view bytes) {
  const bool goes_on = !unread_.empty();
  if (goes_on) bytes = unread_.append(bytes);
  if (!parser_) {
    parser_ = scratch_.take_parser();
    const bool no_body = exchange_->request.method == "HEAD";
    parser_->reset(no_body ? ResponseParser::Body::none : ResponseParser::Body::expected,
                   exchange_->request.reader);
  }
  const Progress progress = parser_->feed(bytes);
  if (!goes_on) {
    unread_ = bytes;
  } else {
    unread_.erase(0, unread_.size() - bytes.size());
    if (unread_.empty()) unread_ = std::string();
  }
  switch (progress) {
    case Progress::head:  // of requests only
    case Progress::more:
      if (is_being_read()) set_deadline(exchange_->request.reader->next_by(Clock::now(), deadline_));
      return Next::read_on;
    case Progress::complete:
      return complete();
    case Progress::malformed:
      if (const auto& why = parser_->unreadable()) {
        fail_exchange(why->kind, why->message);
        return Next::stop;
      }
      fail_exchange(ErrorKind::protocol,
                    where_ + " answered with something that is not HTTP: " + std::string(parser_->why()));
      return Next::stop;
    case Progress::header_too_long:
      fail_exchange(ErrorKind::protocol, where_ + " answered with headers longer than 1 MiB");
      return Next::stop;
    case Progress::body_too_long:
      fail_exchange(ErrorKind::protocol, where_ + " answered with more than " +
                                             std::to_string(options_.max_response_bytes) + " bytes");
      return Next::stop;
  }
  return Next::stop;
}

ClientConnection::Next ClientConnection::complete() {
  const bool was_read = parser_->is_being_read();
  const bool keep_alive = parser_->keep_alive();
  Response response = parser_->take();
  scratch_.give_back(std::move(parser_));
  std::optional<Error> doubt;
  if (was_read)
    if (auto finished = exchange_->request.reader->finish(response); !finished)
      doubt = std::move(finished.error());
  if (!doubt && exchange_->doubt) doubt = exchange_->doubt(response);
  bool reusable =
      keep_alive && sent_all_ && unread_.empty() && !peer_ended_ && !route_->asks_proxy() && !doubt;
  auto exchange = std::move(exchange_);
  used_ = true;
  if (reusable) {
    state_ = State::idle;
    set_deadline(Clock::now() + options_.idle_timeout);
  } else {
    close();
  }
  answered_in_ = readiness_->turn();
  if (route_->asks_proxy() && is_proxys_refusal(response)) {
    pool_.answered(*this, std::move(exchange),
                   tl::unexpected(TransportError{
                       Reached::no, refused_by(*route_->proxy, options_.endpoint.url(), response.status)}));
  } else if (doubt) {
    pool_.answered(*this, std::move(exchange),
                   tl::unexpected(TransportError{Reached::maybe, std::move(*doubt), response.headers}));
  } else {
    pool_.answered(*this, std::move(exchange), std::move(response));
  }
  return Next::read_on;
}

// --- ending

void ClientConnection::broken(const std::string& why, CutOff cut_off) {
  if (state_ == State::idle) {
    close();
    return pool_.lost(*this);
  }
  if (state_ != State::busy) return;
  const char* when = has_begun() ? " broke in the middle of the answer: " : " broke before the answer: ";
  fail_exchange(ErrorKind::network,
                "the connection to " + where_ + when + (write_failure_.empty() ? why : write_failure_),
                has_begun() && write_failure_.empty() ? cut_off : CutOff::no);
}

void ClientConnection::fail_exchange(ErrorKind kind, std::string message, CutOff cut_off) {
  Reached reached = sent_some_ ? Reached::maybe : Reached::no;
  auto exchange = abort();
  pool_.answered(
      *this, std::move(exchange),
      tl::unexpected(TransportError{reached, Error{kind, std::move(message)},
                                    parser_ ? parser_->headers() : Headers(), cut_off == CutOff::yes}));
}

std::unique_ptr<Exchange> ClientConnection::abort() {
  auto exchange = std::move(exchange_);
  close();
  return exchange;
}

void ClientConnection::close() {
  state_ = State::closed;
  deadline_ = Clock::time_point::max();
  connector_->cancel();
  if (std::exchange(watching_, false)) readiness_->forget(stream_.fd(), *this);
  stream_.close();
}

void ClientConnection::set_deadline(Clock::time_point deadline) {
  deadline_ = deadline;
  pool_.deadline_moved(deadline);
}

void ClientConnection::limit_read_timeout(std::chrono::milliseconds read_timeout) {
  if (state_ != State::busy || exchange_->read_timeout <= read_timeout) return;
  const auto shorter = deadline_ - (exchange_->read_timeout - read_timeout);
  exchange_->read_timeout = read_timeout;
  set_deadline(is_being_read() ? exchange_->request.reader->next_by(Clock::now(), shorter) : shorter);
}

void ClientConnection::deadline_passed() {
  switch (state_) {
    case State::connecting:
      return connect_failed({ErrorKind::network, "cannot connect to " + where_ + ": no answer within " +
                                                     seconds(options_.connect_timeout)});
    case State::busy:
      if (is_being_read())
        return fail_exchange(ErrorKind::timed_out, where_ + " fell silent in the middle of the answer");
      return fail_exchange(ErrorKind::timed_out,
                           "no answer from " + where_ + " within " + seconds(exchange_->read_timeout));
    case State::idle:
      close();
      return pool_.lost(*this);
    case State::closed:
      return;
  }
}

}  // namespace lambdapool::http

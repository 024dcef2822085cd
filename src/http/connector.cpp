#include "http/connector.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace lambdapool::http {
namespace {

constexpr std::uint64_t proxy_answer_max = 64ull << 10;

std::string with_port(const Endpoint& endpoint) {
  if (endpoint.scheme == Endpoint::Scheme::unix_socket) return endpoint.path;
  Endpoint unusual = endpoint;  // a scheme whose default port is another one
  unusual.scheme = endpoint.port == 80 ? Endpoint::Scheme::https : Endpoint::Scheme::http;
  return unusual.host_header();
}

std::string name_of(const Proxy& proxy) {
  return "the proxy " + with_port(proxy.endpoint) +
         (proxy.variable.empty() ? "" : " (" + proxy.variable + ")");
}

bool is_https(const Endpoint& endpoint) { return endpoint.scheme == Endpoint::Scheme::https; }

}  // namespace

std::string Route::where() const {
  return with_port(endpoint) + (proxy ? " through " + name_of(*proxy) : "");
}

Error refused_by(const Proxy& proxy, const std::string& where, int status) {
  Error error{ErrorKind::network, name_of(proxy)};
  error.http_status = status;
  if (status != 407 && status != 401) {
    error.message += " refused to connect to " + where + " (HTTP " + std::to_string(status) + ")";
  } else if (proxy.authorization.empty()) {
    error.message += " wants to know who is asking (HTTP " + std::to_string(status) +
                     "): put a user and password into its URL, as in "
                     "http://user:password@" +
                     with_port(proxy.endpoint);
  } else {
    error.message += " refused the user and password in its URL (HTTP " + std::to_string(status) +
                     "): correct them, with special "
                     "characters percent-encoded";
  }
  return error;
}

Connector::Connector(asio::io_context& io, std::shared_ptr<const Route> route)
    : route_(std::move(route)),
      dialer_(std::make_shared<Dialer>(io)),
      stream_(io),
      parser_({proxy_answer_max, proxy_answer_max}) {}

void Connector::start(std::size_t turn, Done done) {
  done_ = std::move(done);
  // Posted, so that no failure comes back within the call.
  asio::post(stream_.socket().get_executor(), [self = shared_from_this(), turn] {
    if (!self->done_) return;
    self->route_->resolver->look_up([self, turn](const Addresses& addresses) {
      if (!self->done_) return;
      if (addresses.list.empty()) return self->dialled(tl::unexpected(addresses.failure));
      self->dialer_->start(in_dialling_order(addresses.list, turn),
                           [self](auto socket) { self->dialled(std::move(socket)); });
    });
  });
}

void Connector::cancel() {
  done_ = nullptr;
  dialer_->cancel();
  stream_.close();
}

void Connector::dialled(tl::expected<Socket, std::string> socket) {
  if (!socket) {
    const std::string whom = route_->proxy ? name_of(*route_->proxy) : with_port(route_->endpoint);
    return finish(lambdapool::fail(ErrorKind::network, "cannot connect to " + whom + ": " + socket.error()));
  }
  stream_ = Stream(std::move(*socket));
  if (route_->proxy_tls) return enter(Stage::proxy_handshake);
  next_stage();
}

// What follows the stage that has been completed, or the connecting.
void Connector::next_stage() {
  if (stage_ == Stage::handshake) return enter(Stage::ready);
  const bool tunnel = route_->proxy && is_https(route_->endpoint);
  if (tunnel && stage_ != Stage::listening) return enter(Stage::asking);
  enter(route_->tls ? Stage::handshake : Stage::ready);
}

void Connector::enter(Stage stage) {
  stage_ = stage;
  switch (stage) {
    case Stage::proxy_handshake:
      stream_.start_tls(*route_->proxy_tls, route_->proxy->endpoint.host);
      break;
    case Stage::asking: {
      const std::string authority = with_port(route_->endpoint);
      unsent_ = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
      if (const auto& who = route_->proxy->authorization; !who.empty())
        unsent_ += "Proxy-Authorization: " + who + "\r\n";
      unsent_ += "\r\n";
      break;
    }
    case Stage::listening:
      parser_.reset(ResponseParser::Body::none);
      break;
    case Stage::handshake:
      stream_.start_tls(*route_->tls, route_->endpoint.host);
      break;
    case Stage::ready:
      return finish(std::move(stream_));
  }
  step();
}

void Connector::step() {
  const auto transfer = perform();
  if (refusal_) return finish(tl::unexpected(std::move(*refusal_)));
  switch (transfer.status) {
    case Stream::Status::done:
      if (stage_ == Stage::asking) return enter(Stage::listening);
      return next_stage();
    case Stream::Status::closed:
      return fail("the peer closed the connection while it was being set up");
    case Stream::Status::failed:
      return fail(transfer.why, transfer.is_refusal ? tls_refused : "");
    case Stream::Status::want_read:
    case Stream::Status::want_write:
      break;
  }
  const auto what = transfer.status == Stream::Status::want_read ? Socket::wait_read : Socket::wait_write;
  stream_.wait(what, [self = shared_from_this()](boost::system::error_code) {
    if (self->done_) self->step();
  });
}

Stream::Transfer Connector::perform() {
  switch (stage_) {
    case Stage::asking:
      return ask();
    case Stage::listening:
      return listen();
    default:
      return stream_.handshake();
  }
}

Stream::Transfer Connector::ask() {
  while (!unsent_.empty()) {
    auto transfer = stream_.write(unsent_, {});
    if (transfer.status != Stream::Status::done) return transfer;
    unsent_.erase(0, transfer.bytes);
  }
  return {};
}

Stream::Transfer Connector::listen() {
  for (;;) {
    char bytes[2'048];
    auto transfer = stream_.read(bytes, sizeof bytes);
    if (transfer.status != Stream::Status::done) return transfer;
    heard_.append(bytes, transfer.bytes);
    std::string_view rest = heard_;
    const auto progress = parser_.feed(rest);
    heard_.erase(0, heard_.size() - rest.size());
    if (progress == Progress::more) continue;
    if (progress != Progress::complete)
      return {Stream::Status::failed, 0, "it answered with something that is not HTTP"};
    const int status = parser_.take().status;
    if (status / 100 != 2) refusal_ = refused_by(*route_->proxy, with_port(route_->endpoint), status);
    if (status / 100 == 2 && !heard_.empty())
      return {Stream::Status::failed, 0, "it sent more than an answer to CONNECT"};
    return {};
  }
}

void Connector::fail(const std::string& why, const char* code) {
  const bool of_proxy = stage_ != Stage::handshake && route_->proxy;
  const std::string whom = of_proxy ? name_of(*route_->proxy) : route_->where();
  finish(tl::unexpected(
      Error{.kind = ErrorKind::network, .message = "cannot connect to " + whom + ": " + why, .code = code}));
}

void Connector::finish(Result<Stream> outcome) {
  auto done = std::exchange(done_, nullptr);
  if (!outcome) stream_.close();
  if (done) done(std::move(outcome));
}

}  // namespace lambdapool::http

// A pool of connections and a queue. Requests are not bound to a connection before one is ready for them:
// whichever is ready first takes the first request, and of the idle ones the most recently used.
//
// Deadlines (connecting, waiting for an answer, idling) share one timer. It is set to the earliest
// deadline there was when it was set; most deadlines only ever move away, so it fires early, looks, and is
// set again. A request costs no system call for its timeout.
#include "http/client.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "core/descriptor_limit.hpp"
#include "http/client_connection.hpp"
#include "http/in_process_calls.hpp"
#include "http/loop_impl.hpp"

namespace lambdapool::http {
namespace {

using Reached = TransportError::Reached;
using ConnectionPointer = std::shared_ptr<ClientConnection>;

// Fresh connections that an exchange may find closed before a byte of it was written.
constexpr int false_starts_max = 3;

bool is_sendable(const Request& request) {
  return !breaks_lines(request.method) && !breaks_lines(request.target) &&
         request.target.find(' ') == std::string::npos && !breaks_lines(request.headers);
}

Answer failure(Reached reached, ErrorKind kind, std::string message) {
  return tl::unexpected(TransportError{reached, Error{kind, std::move(message)}});
}

}  // namespace

struct Client::Impl final : ClientConnection::Pool, std::enable_shared_from_this<Client::Impl> {
  using Clock = ClientConnection::Clock;

  Impl(std::shared_ptr<EventLoop::Impl> on, ClientOptions with)
      : loop(on), options(std::move(with)), timer(on->io), scratch(options.max_response_bytes) {
    if (auto service = std::exchange(options.in_process, nullptr))
      in_process = std::make_shared<InProcessCalls>(std::move(service));
  }

  std::weak_ptr<EventLoop::Impl> loop;
  ClientOptions options;
  std::shared_ptr<InProcessCalls> in_process;  // instead of connections
  std::atomic<Id> last_id{0};
  asio::steady_timer timer;
  Clock::time_point timer_at = Clock::time_point::max();
  std::shared_ptr<const Route> route;    // null: not worked out yet
  std::shared_ptr<Readiness> readiness;  // likewise
  Scratch scratch;

  std::mutex mutex;
  std::vector<std::unique_ptr<Exchange>> arrived;  // under the mutex: sent by other threads, not seen yet

  std::deque<std::unique_ptr<Exchange>> queue;
  std::vector<std::pair<std::unique_ptr<Exchange>, Error>> failed;  // to be told so soon
  std::vector<ConnectionPointer> connections;                       // of every state; each knows its slot
  std::vector<ClientConnection*> idle;                              // the most recently used last
  std::size_t connecting = 0;
  std::size_t turn = 0;
  bool met = false;  // a connection has once been established
  bool closed = false;

  Id send(std::unique_ptr<Exchange> exchange) {
    Id id = exchange->id = ++last_id;
    auto on = loop.lock();
    if (on->on_thread()) {
      enqueue(std::move(exchange));
      return id;
    }
    std::unique_lock lock(mutex);
    arrived.push_back(std::move(exchange));
    lock.unlock();
    on->post([self = shared_from_this()] {
      for (auto& one : self->take_arrived()) self->enqueue(std::move(one));
    });
    return id;
  }

  std::vector<std::unique_ptr<Exchange>> take_arrived() {
    std::lock_guard lock(mutex);
    return std::exchange(arrived, {});
  }

  void enqueue(std::unique_ptr<Exchange> exchange) {
    if (closed)
      return fail_later(std::move(exchange), Error{ErrorKind::cancelled, "the client has been closed"});
    if (!is_sendable(exchange->request))
      return fail_later(std::move(exchange),
                        Error{ErrorKind::invalid_argument,
                              "a request's method, target and headers must not contain line breaks"});
    if (in_process) return in_process->start(std::move(exchange));
    queue.push_back(std::move(exchange));
    dispatch_soon();
  }

  // Requests that are made while answers are told go out behind all of these, one after the other: a peer
  // that is woken by the first is still awake at the last.
  void dispatch_soon() {
    if (!readiness || !readiness->is_telling()) dispatch();
  }

  // Gives the queue to idle connections, and sees to it that enough are on their way.
  void dispatch() {
    while (!queue.empty() && !idle.empty()) {
      ClientConnection* connection = idle.back();
      idle.pop_back();
      if (connection->is_stale()) {
        forget(*connection)->close();
      } else {
        start_on(*connection);
      }
    }
    std::size_t wanted = std::min(
        queue.size(),
        connecting + (options.max_connections - std::min(options.max_connections, connections.size())));
    // The first TLS connection gets the session that makes the others cheap.
    if (options.endpoint.scheme == Endpoint::Scheme::https && !met) wanted = std::min<std::size_t>(wanted, 1);
    if (connecting >= wanted || closed || !prepare_route()) return;
    while (connecting < wanted && (connections.empty() || has_room())) open();
  }

  void start_on(ClientConnection& connection) {
    auto exchange = std::move(queue.front());
    queue.pop_front();
    if (connection.start(exchange, Clock::now()) == ClientConnection::Started::yes) return;
    forget(connection);
    if (connection.is_fresh() && ++exchange->false_starts >= false_starts_max) {
      return fail_later(std::move(exchange),
                        Error{ErrorKind::network, connection.where() + " closes connections at once"});
    }
    queue.push_front(std::move(exchange));
  }

  // Never from within the caller's own send().
  void fail_later(std::unique_ptr<Exchange> exchange, Error error) {
    failed.emplace_back(std::move(exchange), std::move(error));
    if (failed.size() > 1) return;
    loop.lock()->post([self = shared_from_this()] { self->tell_failed(); });
  }

  void tell_failed() {
    for (auto& [exchange, error] : std::exchange(failed, {}))
      exchange->finish(tl::unexpected(TransportError{Reached::no, std::move(error)}));
  }

  bool prepare_route() {
    if (route) return true;
    auto planned = plan_route().and_then([this](auto made) {
      return Readiness::open(loop.lock()->io, [this] { dispatch(); }).map([&](auto opened) {
        route = std::move(made);
        readiness = std::move(opened);
      });
    });
    if (planned) return true;
    for (auto refused = std::exchange(queue, {}); auto& exchange : refused)
      fail_later(std::move(exchange), planned.error());
    return false;
  }

  Result<std::shared_ptr<Route>> plan_route() {
    auto proxy = options.proxies.choose(options.endpoint);
    if (!proxy) return tl::unexpected(std::move(proxy.error()));
    auto made = std::make_shared<Route>(Route{options.endpoint, std::move(*proxy), nullptr});
    const Endpoint& first = made->proxy ? made->proxy->endpoint : made->endpoint;
    made->resolver = std::make_shared<Resolver>(loop.lock()->io, first);
    auto trust = [&](const Endpoint& endpoint, std::unique_ptr<TlsContext>& into) -> Result<void> {
      if (endpoint.scheme != Endpoint::Scheme::https) return {};
      return TlsContext::create(options.ca_bundle).map([&](auto context) { into = std::move(context); });
    };
    if (auto ready = trust(made->endpoint, made->tls); !ready)
      return tl::unexpected(std::move(ready.error()));
    if (made->proxy) {
      auto ready = trust(made->proxy->endpoint, made->proxy_tls);
      if (!ready) return tl::unexpected(std::move(ready.error()));
    }
    return made;
  }

  // Descriptors for another connection: most may go for them, but where the service is this process's own,
  // it needs one for each of ours and its workers the rest. Requests without a connection wait for others'.
  bool has_room() const {
    const bool own_service = options.endpoint.scheme == Endpoint::Scheme::unix_socket;
    const std::size_t limit = descriptor_limit();
    const std::size_t spoken_for = descriptors_used() + connecting;  // these may not have their sockets yet
    return spoken_for < (own_service ? limit / 4 : limit - limit / 8);
  }

  void open() {
    auto connection =
        std::make_shared<ClientConnection>(loop.lock()->io, *this, scratch, options, route, readiness);
    connection->slot = connections.size();
    connections.push_back(connection);
    ++connecting;
    connection->connect(turn++);
  }

  ConnectionPointer forget(ClientConnection& connection) {
    auto held = connection.shared_from_this();
    std::size_t slot = connection.slot;
    connections[slot] = std::move(connections.back());
    connections[slot]->slot = slot;
    connections.pop_back();
    return held;
  }

  // --- what connections tell

  void connected(ClientConnection& connection) override {
    --connecting;
    met = true;
    idle.push_back(&connection);
    dispatch();
  }

  // Requests that waited for this attempt alone share its fate; where others are alive or on their way,
  // one request is enough to report it.
  void not_connected(ClientConnection& connection, Error error) override {
    --connecting;
    forget(connection);
    route->resolver->forget();
    std::size_t affected = connections.empty() ? queue.size() : std::min<std::size_t>(queue.size(), 1);
    std::vector<std::unique_ptr<Exchange>> with_it;
    for (std::size_t i = 0; i < affected; ++i) {
      with_it.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    dispatch();
    for (auto& exchange : with_it) exchange->finish(tl::unexpected(TransportError{Reached::no, error}));
  }

  void answered(ClientConnection& connection, std::unique_ptr<Exchange> exchange, Answer answer) override {
    if (connection.is_ready()) {
      idle.push_back(&connection);
    } else {
      forget(connection);
    }
    if (!queue.empty()) dispatch_soon();
    if (exchange) exchange->finish(std::move(answer));
  }

  void lost(ClientConnection& connection) override {
    std::erase(idle, &connection);
    forget(connection);
  }

  // --- deadlines

  void deadline_moved(Clock::time_point deadline) override {
    if (deadline >= timer_at || closed) return;
    timer_at = deadline;
    timer.expires_at(deadline);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto self = weak.lock();
      if (self && !error && !self->closed) self->check_deadlines();
    });
  }

  void check_deadlines() {
    timer_at = Clock::time_point::max();
    auto now = Clock::now();
    auto earliest = Clock::time_point::max();
    std::vector<ConnectionPointer> late;
    for (const auto& connection : connections) {
      if (connection->deadline() <= now) {
        late.push_back(connection);
      } else {
        earliest = std::min(earliest, connection->deadline());
      }
    }
    if (earliest != Clock::time_point::max()) deadline_moved(earliest);
    for (const auto& connection : late) {
      if (connection->deadline() <= now) connection->deadline_passed();
    }
  }

  // --- giving up

  void cancel(Id id) {
    if (in_process) return in_process->cancel(id);
    auto queued = std::ranges::find_if(queue, [&](const auto& exchange) { return exchange->id == id; });
    if (queued != queue.end()) {
      auto exchange = std::move(*queued);
      queue.erase(queued);
      return exchange->finish(failure(Reached::no, ErrorKind::cancelled, "cancelled before it was sent"));
    }
    auto carrier = std::ranges::find_if(connections, [&](const auto& connection) {
      return connection->exchange() && connection->exchange()->id == id;
    });
    if (carrier == connections.end()) return;
    auto connection = forget(**carrier);
    auto exchange = connection->abort();
    dispatch();
    exchange->finish(failure(Reached::maybe, ErrorKind::cancelled, "cancelled while waiting for the answer"));
  }

  void close() {
    closed = true;
    timer.cancel();
    if (route) route->resolver->close();
    if (readiness) readiness->close();
    auto open = std::exchange(connections, {});
    auto waiting = std::exchange(queue, {});
    std::ranges::move(take_arrived(), std::back_inserter(waiting));
    idle.clear();
    for (const auto& connection : open) {
      if (auto exchange = connection->abort()) {
        exchange->finish(failure(Reached::maybe, ErrorKind::cancelled,
                                 "the client was closed while waiting for the answer"));
      }
    }
    for (const auto& exchange : waiting) {
      exchange->finish(
          failure(Reached::no, ErrorKind::cancelled, "the client was closed before it was sent"));
    }
    tell_failed();
    if (in_process) in_process->close();
  }
};

Client::Client(EventLoop& loop, ClientOptions options)
    : impl_(std::make_shared<Impl>(loop.impl(), std::move(options))) {}

Client::~Client() {
  if (auto loop = impl_->loop.lock()) run_on(*loop, [this] { impl_->close(); });
}

Client::Id Client::send(Request request, std::chrono::milliseconds read_timeout,
                        std::function<void(Answer)> done) {
  auto exchange = std::make_unique<Exchange>();
  exchange->request = std::move(request);
  exchange->read_timeout = read_timeout;
  exchange->done = std::move(done);
  return impl_->send(std::move(exchange));
}

Client::Id Client::send_returning(Request&& request, std::chrono::milliseconds read_timeout,
                                  std::function<void(Answer&&, Request&&)> done, Doubt doubt) {
  auto exchange = std::make_unique<Exchange>();
  exchange->request = std::move(request);
  exchange->read_timeout = read_timeout;
  exchange->done_returning = std::move(done);
  exchange->doubt = std::move(doubt);
  return impl_->send(std::move(exchange));
}

void Client::cancel(Id id) {
  auto loop = impl_->loop.lock();
  loop->post([impl = impl_, id] { impl->cancel(id); });
}

void Client::limit_read_timeouts(std::chrono::milliseconds read_timeout) {
  for (const auto& exchange : impl_->queue)
    exchange->read_timeout = std::min(exchange->read_timeout, read_timeout);
  for (const auto& connection : impl_->connections) connection->limit_read_timeout(read_timeout);
}

Answer Client::call(Request request, std::chrono::milliseconds read_timeout) {
  std::promise<Answer> promise;
  send(std::move(request), read_timeout, [&](Answer answer) { promise.set_value(std::move(answer)); });
  return promise.get_future().get();
}

}  // namespace lambdapool::http

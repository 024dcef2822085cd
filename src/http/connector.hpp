// Brings a connection to where requests can be sent on it: looks the host up, connects, and where there is a
// proxy first speaks TLS with it (an https proxy) and asks it for a tunnel (CONNECT, to an https endpoint);
// then speaks TLS with the endpoint, through the tunnel or not. Each step is a stage of one loop.
#pragma once

#include <memory>
#include <string>

#include "http/client.hpp"
#include "http/dialer.hpp"
#include "http/parser.hpp"
#include "http/proxy.hpp"
#include "http/resolver.hpp"
#include "http/stream.hpp"

namespace lambdapool::http {

// What connections of one client have in common on their way.
struct Route {
  Endpoint endpoint;
  std::optional<Proxy> proxy;
  std::shared_ptr<Resolver> resolver;          // of the proxy's addresses where there is one
  std::unique_ptr<TlsContext> tls = {};        // with an https endpoint
  std::unique_ptr<TlsContext> proxy_tls = {};  // with an https proxy

  // Requests to an http endpoint go to the proxy itself, with the endpoint in their first line.
  bool asks_proxy() const { return proxy && endpoint.scheme == Endpoint::Scheme::http; }
  std::string where() const;  // host:port, "through the proxy" if so: for messages
};

// What an answer of the proxy's own means; with HTTP 407 it says what to do.
Error refused_by(const Proxy& proxy, const std::string& where, int status);

class Connector : public std::enable_shared_from_this<Connector> {
 public:
  using Done = std::function<void(Result<Stream>)>;

  Connector(asio::io_context& io, std::shared_ptr<const Route> route);

  // `done` runs once, never within the call. Error kind network; http_status where a proxy refused.
  void start(std::size_t turn, Done done);
  void cancel();  // `done` will not run

 private:
  enum class Stage { proxy_handshake, asking, listening, handshake, ready };

  void dialled(tl::expected<Socket, std::string> socket);
  void enter(Stage stage);
  void step();
  Stream::Transfer perform();
  Stream::Transfer ask();
  Stream::Transfer listen();
  void next_stage();
  void fail(const std::string& why, const char* code = "");
  void finish(Result<Stream> outcome);

  std::shared_ptr<const Route> route_;
  std::shared_ptr<Dialer> dialer_;
  Stream stream_;
  Stage stage_ = Stage::ready;  // before the first one: connecting
  std::string unsent_;          // of the request for a tunnel
  std::string heard_;           // of the answer to it
  ResponseParser parser_;
  std::optional<Error> refusal_;
  Done done_;  // null: over
};

}  // namespace lambdapool::http

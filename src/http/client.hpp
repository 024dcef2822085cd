// An HTTP/1.1 client with kept-alive connections. All of it runs on the event loop's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "http/answer.hpp"
#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "http/proxy.hpp"

namespace lambdapool::http {

class InProcess;

// Says why an answer, though it is HTTP, is none to this request; nullopt where it is one. Asked on the
// loop's thread before the connection carries anything else.
using Doubt = std::function<std::optional<Error>(const Response&)>;

struct ClientOptions {
  Endpoint endpoint = {};
  ProxySettings proxies = {};
  std::size_t max_connections = 64;  // further requests wait their turn, first come first served
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds idle_timeout{55'000};  // below the service's own, so that we close first
  std::string ca_bundle = {};                      // PEM file; "" means the system's
  std::uint64_t max_response_bytes = 64ull << 20;
  // Where the service is this process's own, and `loop` its loop: it is called instead of `endpoint`. It ends
  // calls itself, so that their read timeouts do not count.
  std::shared_ptr<InProcess> in_process = {};
};

class Client {
 public:
  Client(EventLoop& loop, ClientOptions options);
  ~Client();

  // Sends one request; `done` runs exactly once on the loop's thread, also when the client is
  // destroyed first (with kind cancelled). A kept-alive connection that turns out to be closed before
  // anything was written is replaced silently. Host and Content-Length are added. From any thread.
  // Returns an id for cancel().
  using Id = std::uint64_t;
  Id send(Request request, std::chrono::milliseconds read_timeout, std::function<void(Answer)> done);
  void cancel(Id id);

  // As send(), and gives the request back with the answer, for a caller that may have to send it again. An
  // answer with a doubt is that error (reached: maybe), and its connection is closed: what comes next on it
  // would be taken for the next request's.
  Id send_returning(Request&& request, std::chrono::milliseconds read_timeout,
                    std::function<void(Answer&&, Request&&)> done, Doubt doubt = {});

  // Those who wait for answers do so no longer than this after their request was sent. On the loop's thread.
  void limit_read_timeouts(std::chrono::milliseconds read_timeout);

  // Blocks until the answer; not to be called on the loop's thread.
  Answer call(Request request, std::chrono::milliseconds read_timeout);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lambdapool::http

// A small HTTP/1.1 server: keep-alive, pipelining, chunked request bodies with trailers, long polls.
// Handlers run on the event loop's thread and answer when they like.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "http/event_loop.hpp"
#include "http/guard.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

// Answers one request, once. Dropping it unanswered closes the connection.
class Responder {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(Response response) = 0;
    virtual void on_disconnect(std::function<void()> gone) = 0;
    virtual void release_memory() = 0;
  };
  explicit Responder(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}

  void send(Response response) {
    sink_->send(std::move(response));
    sink_.reset();
  }
  // `gone` runs on the loop's thread when the peer closes before the answer was sent.
  void on_disconnect(std::function<void()> gone) { sink_->on_disconnect(std::move(gone)); }
  // The request counts no longer towards what the listener's requests may hold (Guard::memory): for answers
  // that are long in coming, whose bodies are bounded by other means.
  void release_memory() { sink_->release_memory(); }

 private:
  std::unique_ptr<Sink> sink_;
};

// One that throws is answered for with 500, and the connection is closed.
using Handler = std::function<void(Request, Responder)>;

struct ServerLimits {
  std::uint64_t max_header_bytes = 1ull << 20;
  std::uint64_t max_body_bytes = 80ull << 20;  // beyond: 413 and close
};

// Stops listening, and closes every connection accepted through it, when destroyed (on the loop's
// thread or not; the destructor waits until the loop has let go).
class Listener {
 public:
  virtual ~Listener() = default;
  virtual Endpoint endpoint() const = 0;  // with the port that the system chose
  // Where the guard says opened_later: from now on connections are accepted. On the loop's thread.
  virtual void open() = 0;
  // In a forked child, which has a copy of the socket and must not destroy this: without it, the port would
  // still be open, and nobody there to answer, after the parent has gone.
  virtual void close_in_fork() = 0;
};

// port 0: the system chooses. Error kind io, naming address and reason.
Result<std::unique_ptr<Listener>> listen_tcp(EventLoop& loop, const std::string& address, std::uint16_t port,
                                             Handler handler, ServerLimits limits = {}, Guard guard = {});
// Only this user may connect: the socket is made so, and Guard::screen can ask who called. A path that begins
// with @ is a name in the abstract namespace, to which everybody may connect: Guard::admit has to ask.
Result<std::unique_ptr<Listener>> listen_unix(EventLoop& loop, const std::string& path, Handler handler,
                                              ServerLimits limits = {}, Guard guard = {});

class Connection {
 public:
  virtual ~Connection() = default;
};

// When an answer goes out that the peer's next request has already overtaken: at once, or in one write with
// the answer to that one, which spares a peer that knows of it a wake-up.
enum class Pipelined { at_once, together };

// Serves HTTP on one connected stream socket (a socketpair's end); takes ownership of `fd`. `closed`
// runs when the peer has closed it. Destroying the handle closes the connection.
std::unique_ptr<Connection> serve_connection(EventLoop& loop, int fd, Handler handler,
                                             std::function<void()> closed,
                                             Pipelined pipelined = Pipelined::at_once,
                                             ServerLimits limits = {}, Guard guard = {});

}  // namespace lambdapool::http

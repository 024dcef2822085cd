// What a listener does about those who connect before it knows that it may trust them: who may speak at all,
// for how long, and how much memory that may take.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "http/body_stream.hpp"
#include "http/event_loop.hpp"
#include "http/memory_budget.hpp"
#include "http/message.hpp"

namespace lambdapool::http {

// Who is at the other end of a connection, as the kernel knows.
struct Caller {
  std::optional<unsigned> uid = {};  // nullopt: on another machine, in another network namespace, or gone
  std::uint64_t inode = 0;           // of its socket, where it came over TCP; 0: not known
  int port = 0;                      // that was called; 0: a Unix socket
};

// Looks at a request whose body has not been taken in yet. What it returns is the answer, and the
// connection is closed with it; nullopt lets the request in. On the loop's thread.
using Screen = std::function<std::optional<Response>(const Request& head, const Caller& caller)>;

struct Deadlines {
  using Duration = std::chrono::steady_clock::duration;
  Duration head = std::chrono::seconds(30);   // from connecting, or its first byte, to its last
  Duration stall = std::chrono::seconds(30);  // between two pieces of a body, of either direction
  Duration body = std::chrono::minutes(10);   // for all of a request's body
  Duration room = std::chrono::seconds(30);   // for memory for a body: then 503
  Duration idle = std::chrono::minutes(5);    // between two requests
  // There is none for an answer to be made: invocations and long polls take their time.

  Duration look_every = std::chrono::seconds(2);
  std::function<std::chrono::steady_clock::time_point()> clock = [] {
    return std::chrono::steady_clock::now();
  };
};

// Whether a connection is taken at all: looks at it when it is accepted, before a byte was read. One that is
// refused is closed without an answer, so that it holds nothing. On the loop's thread.
using Admit = std::function<bool(const Caller& caller)>;

struct Guard {
  Admit admit = {};                           // none: everybody is
  Screen screen = {};                         // none: everybody may
  std::shared_ptr<MemoryBudget> memory = {};  // none: without bounds but each request's own
  Divert divert = {};                         // none: every body is kept in memory
  std::optional<Deadlines> deadlines = {};    // none: for ever
  std::size_t max_connections = 4'096;        // at most half of the process's descriptors
  bool opened_later = false;                  // those who connect wait until Listener::open()
};

}  // namespace lambdapool::http

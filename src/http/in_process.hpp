// A service of this very process: requests and answers go from one to the other as values, on the service's
// own event loop, without a socket, a signature or a wake-up between them.
#pragma once

#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

namespace lambdapool::http {

class InProcess {
 public:
  virtual ~InProcess() = default;
  virtual EventLoop& loop() = 0;
  // On the loop's thread. Whoever can call this is trusted as the process itself is.
  virtual void handle(Request request, Responder responder) = 0;
};

}  // namespace lambdapool::http

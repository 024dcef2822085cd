// A service of this very process: requests and answers go from one to the other as values, on the service's
// own event loop, without a socket, a signature or a wake-up between them.
#pragma once

#include <cstddef>
#include <functional>

#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "http/server.hpp"

namespace lambdapool::http {

// Whose turn a request is. It may be given to the service before that, to wait where it will run behind
// another of the same caller: nobody then has to be woken between the two. Until it has begun it can be had
// back, as if it had never been sent. All on the loop's thread.
struct Turn {
  enum class Standing {
    early,     // to wait behind another, or to be given back; it gets nothing of its own
    begun,     // or about to: it is its turn
    returned,  // it has not begun, and will not: its answer says nothing
  };
  const void* caller = nullptr;  // who has so many calls under way at a time
  Standing standing = Standing::begun;
  std::function<void()> on_begun = {};   // the caller's; of an early one
  std::function<void()> give_back = {};  // the service's, while it waits: it is answered, unless it has begun
  // Of a row: how many items the call has, which then begin one by one and can be had back until then, by
  // give_back(), too. The service tells how many will.
  std::size_t items = 1;
  bool of_tasks = false;  // that came one by one: who does not begin them so runs the first
  std::function<void(std::size_t will_begin)> on_cut = {};  // the caller's
  // The service's, after give_back(): nobody has taken any of it yet, so all of it may begin.
  bool is_untouched = false;
  // The caller's, before give_back(): of such a row the first is enough.
  bool only_first = false;
};

class InProcess {
 public:
  virtual ~InProcess() = default;
  virtual EventLoop& loop() = 0;
  // On the loop's thread. Whoever can call this is trusted as the process itself is.
  virtual void handle(Request request, Responder responder) = 0;
  // On the loop's thread: nobody waits for an answer, of this process or of another.
  virtual bool is_idle() const = 0;
};

}  // namespace lambdapool::http

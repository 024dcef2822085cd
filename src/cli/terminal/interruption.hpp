// SIGINT and SIGTERM as something to ask about and to wait for. The first signal asks the running verb to
// come to a clean end; the second one has its default effect again, so that nobody is ever trapped.
//
// A signal handler has no argument but the signal, so the descriptor it writes to is the one piece of global
// state in the program; blocking the signals for a signalfd instead would be inherited by child processes.
#pragma once

#include <chrono>
#include <mutex>

#include "core/error.hpp"

namespace lambdapool::cli {

class Interruption {
 public:
  Interruption();  // installs the handlers; at most one at a time
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  bool raised() const { return wait_for(std::chrono::milliseconds{0}); }
  bool wait_for(std::chrono::milliseconds at_most) const;  // true as soon as a signal has come
  void wait() const;

  // True when `descriptor` is readable, false when a signal came first or the time is up; -1 ms: no limit.
  bool wait_for(int descriptor, std::chrono::milliseconds at_most) const;

  // Error kind cancelled with `consequence` ("nothing was changed") once a signal has come.
  Result<void> check(const char* consequence) const;

  // Says on stderr, the first time, that a signal has come and what has begun is brought to its end.
  void tell_of_finishing() const;

 private:
  int event_;
  mutable std::once_flag told_;
};

}  // namespace lambdapool::cli

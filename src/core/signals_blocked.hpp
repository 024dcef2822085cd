// The threads of a library take none of its program's signals. One of them that could take Ctrl-C might, when
// the main thread is slow to, which would go on waiting.
#pragma once

#include <signal.h>

namespace lambdapool {

// While it lives, this thread takes no signals; nor do those, ever, that it starts meanwhile. What starts a
// process has to clear the mask there, which processes inherit.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace lambdapool

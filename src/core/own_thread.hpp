// Threads of the library's own, and what to tell its user where the system has none left.
#pragma once

#include <functional>
#include <system_error>
#include <thread>

#include "core/error.hpp"

namespace lambdapool {

// Its text is a sentence for the user.
class NoThread : public std::system_error {
 public:
  explicit NoThread(const std::error_code& why)
      : std::system_error(why,
                          "no thread could be started; look at the limits of processes and threads (ulimit "
                          "-u), of memory (ulimit -v), and at pids.max of the cgroup") {}
};

// Takes no signals (signals_blocked.hpp). Throws NoThread.
std::thread start_own_thread(std::function<void()> work);

// What `make` makes, with a thread of its own; an error of kind io where there is none to be had.
template <class Make>
auto made_with_thread(Make make) -> Result<decltype(make())> {
  try {
    return make();
  } catch (const NoThread& failure) {
    return fail(ErrorKind::io, reason_of(failure));
  }
}

}  // namespace lambdapool

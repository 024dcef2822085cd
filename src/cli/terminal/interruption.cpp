#include "cli/terminal/interruption.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <iostream>
#include <string>

namespace lambdapool::cli {
namespace {

std::atomic<int> handler_event{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void on_signal(int) {
  const int saved = errno;
  ::signal(SIGINT, SIG_DFL);  // both: who sends one after the other means it
  ::signal(SIGTERM, SIG_DFL);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(handler_event.load(), &one, sizeof one);
  errno = saved;
}

bool poll_readable(int fd, int milliseconds) {
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  do ready = ::poll(&waiting, 1, milliseconds);
  while (ready < 0 && errno == EINTR && milliseconds < 0);
  // An interrupted bounded wait was interrupted by one of our signals, or the caller asks again.
  return ready > 0 || (ready < 0 && ::poll(&waiting, 1, 0) > 0);
}

}  // namespace

Interruption::Interruption() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LAMBDAPOOL_CHECK(event_ >= 0);
  handler_event = event_;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Interruption::~Interruption() {
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  handler_event = -1;
  ::close(event_);
}

bool Interruption::wait_for(std::chrono::milliseconds at_most) const {
  return poll_readable(event_, static_cast<int>(at_most.count()));
}

void Interruption::wait() const {
  while (!poll_readable(event_, -1)) {
  }
}

bool Interruption::wait_for(int descriptor, std::chrono::milliseconds at_most) const {
  pollfd waiting[] = {{event_, POLLIN, 0}, {descriptor, POLLIN, 0}};
  int ready = 0;
  do ready = ::poll(waiting, 2, static_cast<int>(at_most.count()));
  while (ready < 0 && errno == EINTR && !raised());
  return ready > 0 && waiting[0].revents == 0 && waiting[1].revents != 0;
}

Result<void> Interruption::check(const char* consequence) const {
  if (!raised()) return {};
  return fail(ErrorKind::cancelled, std::string("interrupted: ") + consequence + ".");
}

void Interruption::tell_of_finishing() const {
  std::call_once(told_, [] {
    std::cerr << "Finishing the step that has begun; once more stops at once and may leave it half done.\n";
  });
}

}  // namespace lambdapool::cli

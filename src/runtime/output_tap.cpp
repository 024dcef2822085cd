#include "runtime/output_tap.hpp"

#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "core/signals_blocked.hpp"
#include "core/write_all.hpp"

namespace lambdapool::runtime {
namespace {

// Of the one tap that a process has.
std::atomic<int> tapped_from{-1}, tapped_to{-1};
std::atomic<bool> is_passing{false};  // somebody may have read what is not in the log yet
constexpr timespec moment{0, 100'000};
constexpr int moments = 1'000;  // a tenth of a second: who is passing may be who has crashed

}  // namespace

void empty_output_tap() noexcept {
  const int from = tapped_from, to = tapped_to;
  std::array<char, 4'096> piece;
  for (ssize_t size = 1; from >= 0 && size > 0;) {
    size = ::read(from, piece.data(), piece.size());
    if (size > 0) write_all(to, {piece.data(), static_cast<std::size_t>(size)});
  }
  for (int left = moments; from >= 0 && is_passing && left > 0; --left) ::nanosleep(&moment, nullptr);
}

std::unique_ptr<OutputTap> OutputTap::open() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  const int log = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  std::unique_ptr<OutputTap> tap(new OutputTap(ends[0], log));
  bool has_thread = log >= 0;
  try {
    const SignalsBlocked blocked;
    if (has_thread) std::thread([each = tap.get()] { each->pass_all(); }).detach();
  } catch (const std::system_error&) {
    has_thread = false;
  }
  if (has_thread) {
    tapped_to = log;
    tapped_from = ends[0];
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
  } else {
    ::close(ends[0]);
    if (log >= 0) ::close(log);
    tap.reset();
  }
  ::close(ends[1]);
  return tap;
}

void OutputTap::begin(Tell tell) {
  const std::lock_guard lock(mutex_);
  pass();  // what others wrote since the last task
  lines_.rest();
  tell_ = std::move(tell);
}

void OutputTap::end() {
  const std::lock_guard lock(mutex_);
  pass();
  if (const auto line = lines_.rest(); tell_ && !line.empty()) tell_(line);
  tell_ = nullptr;
}

// Under the lock: what is there. Not all of what somebody writes without end.
void OutputTap::pass() {
  std::array<char, 32'768> piece;
  is_passing = true;
  for (int rounds = 64; rounds > 0; --rounds) {
    const ssize_t size = ::read(from_, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    const std::string_view text{piece.data(), static_cast<std::size_t>(size)};
    write_all(to_, text);
    if (!tell_) continue;
    if (const auto lines = lines_.of(text); !lines.empty()) tell_(lines);
  }
  is_passing = false;
}

void OutputTap::pass_all() {
  pollfd readable{from_, POLLIN, 0};
  for (;;) {
    ::poll(&readable, 1, -1);
    const std::lock_guard lock(mutex_);
    pass();
  }
}

}  // namespace lambdapool::runtime

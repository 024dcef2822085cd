#include "identity/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace lambdapool::identity {

namespace {

constexpr int asking_interval_ms = 100;

class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  ~Terminal() {
    if (fd_ >= 0) ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_there() const { return fd_ >= 0; }
  bool say(const std::string& text) {
    return ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }
  // poll() is what a signal interrupts; read() might be started again.
  Result<std::string> hear_line(const std::function<bool()>& give_up) {
    std::string line;
    for (;;) {
      pollfd ready{fd_, POLLIN, 0};
      const int count_ready = ::poll(&ready, 1, give_up ? asking_interval_ms : -1);
      if (give_up ? give_up() : count_ready < 0)
        return fail(ErrorKind::cancelled, "interrupted while asking for an MFA code");
      if (count_ready <= 0) continue;
      char bytes[256];
      const auto count = ::read(fd_, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return line;
      line.append(bytes, static_cast<std::size_t>(count));
      if (line.ends_with('\n')) return line;
    }
  }

 private:
  int fd_;
};

}  // namespace

Result<std::string> ask_on_terminal(const std::string& question, const std::function<bool()>& give_up) {
  Terminal terminal;
  if (!terminal.is_there() || !terminal.say(question))
    return fail(ErrorKind::credentials, "there is no terminal to ask on");
  auto line = terminal.hear_line(give_up);
  if (!line) return line;
  const auto first = line->find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return fail(ErrorKind::credentials, "nothing was entered");
  return line->substr(first, line->find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace lambdapool::identity

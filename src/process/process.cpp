#include "process/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace lambdapool::process {

namespace {

namespace fs = std::filesystem;

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) ends_ = {-1, -1};
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool valid() const { return ends_[0] >= 0; }
  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  void close_end(std::size_t which) {
    if (ends_[which] >= 0) close(ends_[which]);
    ends_[which] = -1;
  }

 private:
  std::array<int, 2> ends_{};
};

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const auto& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Between fork and exec: only calls that are safe in the child of a process with threads.
[[noreturn]] void become(const char* program, char* const* argv, char* const* envp, int out, int err,
                         int failed, pid_t parent) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before we asked to be told
#endif
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0 && dup2(nothing, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0)
    execve(program, argv, envp);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(failed, &error, sizeof error);
  _exit(127);
}

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds asked_every{100};
constexpr milliseconds patience{1'000};  // after each of: the bound, SIGTERM

// Decides how a program that has reached a bound is brought to its end, step by step.
class Ending {
 public:
  Ending(pid_t child, const Bounds& bounds) : child_(child), bounds_(bounds) {}

  bool is_bounded() const { return bounds_.time || bounds_.give_up; }
  std::optional<ErrorKind> reason() const { return reason_; }

  // To be called again and again until the program has ended.
  void look(Clock::time_point now) {
    if (!reason_) {
      if (bounds_.give_up && bounds_.give_up()) reason_ = ErrorKind::cancelled;
      if (bounds_.time && now - begun_ >= *bounds_.time) reason_ = ErrorKind::timed_out;
      since_ = now;
    } else if (now - since_ >= patience) {
      kill(child_, asked_ ? SIGKILL : SIGTERM);
      asked_ = true;
      since_ = now;
    }
  }

 private:
  const pid_t child_;
  const Bounds& bounds_;
  const Clock::time_point begun_ = Clock::now();
  std::optional<ErrorKind> reason_ = {};
  Clock::time_point since_ = begun_;
  bool asked_ = false;
};

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

void tell_lines(const std::string& text, std::size_t& told, const Bounds& bounds) {
  for (std::size_t end = 0; (end = text.find('\n', told)) != std::string::npos; told = end + 1)
    bounds.on_line(text.substr(told, end - told));
}

// Reads until both ends are closed; of a program that is not waited for any longer, until it has ended, since
// what it has started may hold them open.
void drain(int out, int err, pid_t child, const Bounds& bounds, Ending& ending, Completed& completed) {
  std::array<std::size_t, 2> told{};  // how much of either output on_line has heard
  std::array<pollfd, 2> polled{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  std::array<char, 16'384> buffer{};
  const int wait_ms = ending.is_bounded() ? static_cast<int>(asked_every.count()) : -1;
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    const int ready = poll(polled.data(), polled.size(), wait_ms);
    if (ready < 0 && errno != EINTR) return;
    if (ending.is_bounded()) ending.look(Clock::now());
    siginfo_t ended{};
    if (ending.reason() &&
        waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        ended.si_pid == child)
      return;
    for (std::size_t i = 0; i < polled.size() && ready > 0; ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      const ssize_t count = read(polled[i].fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        polled[i].fd = -1;
      } else {
        std::string& text = i == 0 ? completed.output : completed.errors;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (bounds.on_line) tell_lines(text, told[i], bounds);
      }
    }
  }
}

// The bounds hold for a program that has closed its outputs, too.
int wait_for(pid_t child, Ending& ending) {
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, ending.is_bounded() ? WNOHANG : 0);
    if (ended == child) return exit_status(status);
    if (ended < 0 && errno != EINTR) return 127;
    if (ended == 0) {
      ending.look(Clock::now());
      poll(nullptr, 0, 10);
    }
  }
}

tl::unexpected<Error> given_up(ErrorKind why, const std::string& program, const Bounds& bounds) {
  if (why == ErrorKind::cancelled) return fail(why, program + " was interrupted.");
  return fail(why, program + " did not end within " + std::to_string(bounds.time->count() / 1'000) +
                       " s, so it was stopped.");
}

tl::unexpected<Error> cannot_start(const std::string& program, int error) {
  return fail(ErrorKind::io, "Can't start " + program + ": " + std::generic_category().message(error) + ".");
}

}  // namespace

std::optional<fs::path> find_program(const std::string& name, const Environment& environment) {
  if (name.find('/') != std::string::npos) return fs::path(name);
  const std::string path = environment.get("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const fs::path candidate = fs::path(path.substr(begin, end - begin)) / name;
    std::error_code error;
    if (fs::is_regular_file(candidate, error) && access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return std::nullopt;
}

Result<Completed> run(const std::vector<std::string>& command, const Environment& environment,
                      const Bounds& bounds) {
  const auto program = find_program(command.front(), environment);
  if (!program) return fail(ErrorKind::io, "Can't start " + command.front() + ": it is not on the PATH.");
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment.all()) variables.push_back(name + "=" + value);
  const auto argv = c_strings(command);
  const auto envp = c_strings(variables);
  Pipe out;
  Pipe err;
  Pipe failed;
  if (!out.valid() || !err.valid() || !failed.valid()) return cannot_start(program->string(), errno);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return cannot_start(program->string(), errno);
  if (child == 0)
    become(program->c_str(), argv.data(), envp.data(), out.writing(), err.writing(), failed.writing(),
           parent);
  for (Pipe* each : {&out, &err, &failed}) each->close_end(1);
  Completed completed;
  Ending ending(child, bounds);
  drain(out.reading(), err.reading(), child, bounds, ending, completed);
  completed.exit_status = wait_for(child, ending);
  if (ending.reason()) return given_up(*ending.reason(), program->string(), bounds);
  int error = 0;
  if (read(failed.reading(), &error, sizeof error) == sizeof error)
    return cannot_start(program->string(), error);
  return completed;
}

std::string last_lines(const std::string& text, std::size_t lines) {
  std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  std::size_t begin = ++end;
  for (; lines > 0 && begin != std::string::npos && begin > 0; --lines) begin = text.rfind('\n', begin - 1);
  if (begin == std::string::npos || begin == end) begin = 0;
  if (text[begin] == '\n') ++begin;
  return text.substr(begin, end - begin);
}

}  // namespace lambdapool::process

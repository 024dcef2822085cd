#include "runtime/task_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "runtime/process_memory.hpp"

namespace lambdapool::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds watch_interval{50};
constexpr std::size_t tail_bytes = 4'096;
constexpr int channel_in_child = 3, parts_in_child = 4;
constexpr std::size_t first_words_max = std::size_t{64} << 10;

template <class T>
void append(std::string& to, T value) {
  std::array<char, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  to.append(bytes.data(), bytes.size());
}

std::uint64_t length_at(std::string_view bytes, std::size_t at) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data() + at, sizeof length);
  return length;
}

// As Lambda tells of them.
TaskAnswer failure(const std::string& type, const std::string& message) {
  return {R"({"errorType":")" + type + R"(","errorMessage":")" + message + "\"}", type};
}

std::string signal_name(int number) {
  switch (number) {
    case SIGKILL:
      return "killed";
    case SIGSEGV:
      return "segmentation fault";
    case SIGABRT:
      return "aborted";
    case SIGBUS:
      return "bus error";
    case SIGFPE:
      return "floating point exception";
    case SIGILL:
      return "illegal instruction";
    case SIGTERM:
      return "terminated";
    default:
      return "signal " + std::to_string(number);
  }
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> made;
  made.reserve(texts.size() + 1);
  for (const auto& text : texts) made.push_back(const_cast<char*>(text.c_str()));
  made.push_back(nullptr);
  return made;
}

void close_descriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

struct Given {
  int channel;
  int output;
  int parts;  // -1: there are none
};

// In the child, where only what is safe in a signal handler may be called.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, Given given) {
  ::setsid();
  for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGCHLD}) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Away from where they go, should one of them stand there.
  const int high_channel = ::fcntl(given.channel, F_DUPFD_CLOEXEC, 10);
  const int high_output = ::fcntl(given.output, F_DUPFD_CLOEXEC, 10);
  const int high_parts = ::fcntl(given.parts, F_DUPFD_CLOEXEC, 10);
  ::dup2(nothing, 0);
  ::dup2(high_output, 1);
  ::dup2(high_output, 2);
  ::dup2(high_channel, channel_in_child);
  if (high_parts >= 0) ::dup2(high_parts, parts_in_child);
  ::execve(program, arguments, environment);
  ::_exit(127);
}

}  // namespace

// A task under way.
struct TaskProcess::Talk {
  std::string head;
  std::string_view body;
  std::size_t sent = 0;
  std::string received = {};

  bool is_sent() const { return sent == head.size() + body.size(); }
  std::string_view unsent() const {
    return sent < head.size() ? std::string_view(head).substr(sent) : body.substr(sent - head.size());
  }

  std::optional<TaskAnswer> answer() {
    constexpr std::size_t start = 2 * sizeof(std::uint64_t);
    if (received.size() < start) return std::nullopt;
    const auto type = length_at(received, 0);
    const auto size = length_at(received, sizeof(std::uint64_t));
    if (received.size() - start < type || received.size() - start - type < size) return std::nullopt;
    TaskAnswer made{received.substr(start + type), received.substr(start, type)};
    return made;
  }
};

TaskProcess::TaskProcess(const TaskCommand& command, TaskLimits limits, Log log)
    : command_(command), limits_(limits), log_(std::move(log)) {}

TaskProcess::~TaskProcess() { end(); }

void TaskProcess::kill() {
  if (const pid_t pid = pid_; pid > 0) ::kill(-pid, SIGKILL);
}

bool TaskProcess::is_running() {
  if (pid_ < 0) return false;
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::uint64_t TaskProcess::end() {
  if (pid_ < 0) return 0;
  kill();
  const pid_t pid = pid_.exchange(-1);
  rusage used{};
  while (::wait4(pid, nullptr, 0, &used) < 0 && errno == EINTR) {
  }
  while (::waitpid(-pid, nullptr, WNOHANG) > 0) {  // what it left behind, where that is ours now
  }
  read_log();
  close_descriptor(channel_);
  close_descriptor(output_);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

void TaskProcess::start() {
  if (is_running()) return;
  end();
  int channel[2];
  int output[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) return;
  if (::pipe2(output, O_CLOEXEC) != 0) {
    ::close(channel[0]);
    ::close(channel[1]);
    return;
  }
  auto with = command_.environment;
  with.push_back("LAMBDAPOOL_TASK_FD=" + std::to_string(channel_in_child));
  parts_ = SharedParts::make();  // without, it tells nothing early
  const Descriptor memory = parts_ ? parts_->take_descriptor() : Descriptor();
  if (memory) with.push_back("LAMBDAPOOL_PARTS_FD=" + std::to_string(parts_in_child));
  const auto arguments = pointers(command_.arguments);
  const auto environment = pointers(with);
  const pid_t pid = ::fork();
  if (pid == 0)
    become(command_.program.c_str(), arguments.data(), environment.data(),
           {channel[1], output[1], memory.get()});
  ::close(channel[1]);
  ::close(output[1]);
  channel_ = channel[0];
  output_ = output[0];
  for (const int each : {channel_, output_}) ::fcntl(each, F_SETFL, ::fcntl(each, F_GETFL) | O_NONBLOCK);
  pid_ = pid;
  is_new_ = true;
  first_words_.clear();
  if (pid > 0) return;
  close_descriptor(channel_);
  close_descriptor(output_);
}

void TaskProcess::read_log() {
  std::array<char, 65'536> part;
  while (output_ >= 0) {
    const ssize_t got = ::read(output_, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return;
    if (got == 0) return close_descriptor(output_);  // nobody can write to it any more
    const std::string_view text(part.data(), static_cast<std::size_t>(got));
    tail_.append(text);
    if (tail_.size() > tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
    log_(text);
    if (ahead_ != nullptr) ahead_->write(text);
    if (ahead_ == nullptr && is_new_) first_words_ += text.substr(0, first_words_max - first_words_.size());
  }
}

// What can be sent and read now. False: the process has gone.
bool TaskProcess::exchange(Talk& talk, short events) {
  if ((events & POLLOUT) != 0) {
    const auto left = talk.unsent();
    const ssize_t sent = ::send(channel_, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    talk.sent += static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  }
  if ((events & (POLLIN | POLLHUP | POLLERR)) == 0) return true;
  const auto old = talk.received.size();
  talk.received.resize(old + (std::size_t{1} << 20));
  const ssize_t got = ::recv(channel_, talk.received.data() + old, talk.received.size() - old, 0);
  talk.received.resize(old + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

TaskAnswer TaskProcess::died(std::uint64_t kills_before, std::uint64_t& peak) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  peak = std::max(peak, end());  // it may have been faster than the watch
  const bool by_signal = info.si_code != CLD_EXITED;
  const bool near_limit = limits_.memory_bytes != 0 && peak > limits_.memory_bytes / 5 * 4;
  if (by_signal && info.si_status == SIGKILL && (out_of_memory_kills() > kills_before || near_limit))
    return failure("Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
  return failure("Runtime.ExitError", "Runtime exited with error: " +
                                          (by_signal ? "signal: " + signal_name(info.si_status)
                                                     : "exit status " + std::to_string(info.si_status)));
}

TaskAnswer TaskProcess::perform(std::string_view task, Ahead* ahead) {
  start();
  if (pid_ < 0) return failure("Runtime.ExitError", "no process could be started for the task");
  begin_task(ahead);
  TaskAnswer answer = answer_to(task);
  read_log();
  answer.log = tail_;
  if (ahead_ != nullptr && parts_ && pid_ < 0) ahead_->parts(parts_->rest());
  if (ahead_ != nullptr) ahead_->end();
  ahead_ = nullptr;
  return answer;
}

// What the process has written since the last task is not this one's, unless it is the first.
void TaskProcess::begin_task(Ahead* ahead) {
  read_log();
  tail_.clear();
  if (parts_) parts_->begin();
  ahead_ = ahead;
  is_new_ = false;
  const std::string words = std::exchange(first_words_, {});
  if (ahead != nullptr) ahead->write(words);
}

TaskAnswer TaskProcess::answer_to(std::string_view task) {
  const double seconds = std::chrono::duration<double>(limits_.timeout).count();
  Talk talk{{}, task};
  append(talk.head, static_cast<std::uint64_t>(task.size()));
  append(talk.head, seconds);
  const auto deadline = Clock::now() + limits_.timeout;
  const auto kills = out_of_memory_kills();
  std::uint64_t peak = 0;
  std::optional<TaskAnswer> answer;
  while (!answer) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const auto used = limits_.memory_bytes == 0 ? 0 : resident_bytes(pid_);
    peak = std::max(peak, used);
    if (left.count() <= 0) {
      std::array<char, 64> text;
      std::snprintf(text.data(), text.size(), "Task timed out after %.2f seconds", seconds);
      end();
      answer = failure("Sandbox.Timedout", text.data());
    } else if (limits_.memory_bytes != 0 && used > limits_.memory_bytes) {
      end();
      answer = failure("Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
    } else {
      pollfd ready[] = {{channel_, static_cast<short>(talk.is_sent() ? POLLIN : POLLIN | POLLOUT), 0},
                        {output_, POLLIN, 0}};
      ::poll(ready, 2, static_cast<int>(std::min(left, watch_interval).count()));
      if (ready[1].revents != 0) read_log();
      if (ahead_ != nullptr && parts_ && talk.received.empty()) ahead_->parts(parts_->look());
      if (ready[0].revents == 0) continue;
      if (!exchange(talk, ready[0].revents)) answer = died(kills, peak);
      if (!answer) answer = talk.answer();
      if (answer && pid_ > 0) peak = std::max(peak, resident_bytes(pid_));
    }
  }
  answer->peak_bytes = peak;
  return std::move(*answer);
}

}  // namespace lambdapool::runtime

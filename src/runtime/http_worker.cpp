#include "runtime/http_worker.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/encoding.hpp"
#include "core/envelope.hpp"
#include "core/part_frames.hpp"
#include "core/whole_number.hpp"
#include "core/write_all.hpp"
#include "runtime/ahead.hpp"
#include "runtime/forked_child.hpp"
#include "runtime/http_connection.hpp"
#include "runtime/platform_log.hpp"
#include "runtime/task_loop.hpp"
#include "runtime/task_process.hpp"

namespace lambdapool::runtime {
namespace {

constexpr const char* role_variable = "LAMBDAPOOL_HTTP_WORKER";
constexpr const char* task_variable = "LAMBDAPOOL_TASK_FD";
constexpr const char* listen_variable = "LAMBDAPOOL_LISTEN_FD";
constexpr const char* beat_variable = "LAMBDAPOOL_BEAT_MS";
constexpr std::chrono::milliseconds log_interval{200};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "lambdapool: %s\n", why.c_str());
  end_process(1);
}

int number_from(const Environment& environment, const char* name, int least, int most, int usual) {
  const auto text = environment.get(name);
  if (!text) return usual;
  const auto number = whole_number(*text);
  if (!number || *number < static_cast<std::uint64_t>(least) || *number > static_cast<std::uint64_t>(most))
    give_up(std::string(name) + " is '" + *text + "', and not a number from " + std::to_string(least) +
            " to " + std::to_string(most));
  return static_cast<int>(*number);
}

TaskLimits limits_from(const Environment& environment) {
  const int usual = number_from(environment, "CLOUD_RUN_TIMEOUT_SECONDS", 1, 86'400, 300);
  const int memory = number_from(environment, "LAMBDAPOOL_MEMORY_MB", 1, 1 << 24, 0);
  return {std::chrono::seconds(number_from(environment, "LAMBDAPOOL_TIMEOUT", 1, 86'400, usual)),
          static_cast<std::uint64_t>(memory) << 20};
}

// As this process was started: a packaged executable has a loader of its own, which is the program then.
TaskCommand own_command(const Environment& environment) {
  TaskCommand command{"/proc/self/exe", {}, {}};
  std::ifstream line("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(line, word, '\0');) command.arguments.push_back(word);
  for (const auto& [name, value] : environment.all())
    if (name != "PORT" && name != listen_variable) command.environment.push_back(name + "=" + value);
  return command;
}

int listening_socket(const Environment& environment) {
  const int given = number_from(environment, listen_variable, 0, 1 << 20, -1);
  if (given >= 0) return given;
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number_from(environment, "PORT", 1, 65'535, 8'080)));
  if (made < 0 || ::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(made, SOMAXCONN) != 0)
    give_up("cannot listen on the port " + environment.get("PORT").value_or("8080") + ": " +
            std::strerror(errno));
  return made;
}

// Who gives tasks has code run: at a Unix socket that is this process's own user alone.
bool is_welcome(int connection) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(connection, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family != AF_UNIX) return true;
  ucred who{};
  socklen_t length = sizeof who;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.uid == ::getuid();
}

void write_out(std::string_view text) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  write_all(STDOUT_FILENO, text);  // where nobody reads it, it is lost
}

// The tasks that wait, and the processes that run them.
class Tasks {
 public:
  Tasks(TaskCommand command, TaskLimits limits, int processes, std::chrono::milliseconds beat)
      : command_(std::move(command)), limits_(limits), beat_(beat), started_(age_of_process()) {
    for (int each = 0; each < processes; ++each)
      slots_.push_back(std::make_unique<Slot>(processes > 1 ? std::optional(each) : std::nullopt, *this));
    for (const auto& slot : slots_) std::thread([this, &slot] { work(*slot); }).detach();
  }

  // `hear`, if any, gets what is told ahead of the answer, on this thread: frames, and one that says nothing
  // where there was nothing to tell for so long.
  using Hear = std::function<void(std::string_view frames)>;
  TaskAnswer perform(std::string_view task, std::string_view id, Ahead::Output output, const Hear& hear) {
    Waiting waiting{task, id, output, hear != nullptr};
    std::unique_lock lock(mutex_);
    waiting_.push_back(&waiting);
    changed_.notify_one();
    for (bool is_over = false; !is_over;) {
      const auto has_news = [&] { return waiting.answer || !waiting.news.empty(); };
      if (!hear) waiting.changed.wait(lock, has_news);
      const bool silent = hear && !waiting.changed.wait_for(lock, beat_, has_news);
      const std::string frames = silent ? part_frame('N', {}) : std::exchange(waiting.news, {});
      is_over = waiting.answer.has_value();
      if (frames.empty()) continue;
      lock.unlock();
      hear(frames);
      lock.lock();
    }
    return std::move(*waiting.answer);
  }

  void kill() {
    for (const auto& slot : slots_) slot->process.kill();
  }

 private:
  struct Waiting {
    std::string_view task;
    std::string_view id;
    Ahead::Output output;
    bool hears;
    std::string news = {};
    std::optional<TaskAnswer> answer = {};
    std::condition_variable changed = {};
  };

  struct Slot {
    Slot(std::optional<int> number, const Tasks& of)
        : log(number, write_out),
          process(of.command_, of.limits_, [this](std::string_view text) { log.write(text); }) {}
    PlatformLog log;
    TaskProcess process;
  };

  [[noreturn]] void work(Slot& slot) {
    slot.process.start();
    std::unique_lock lock(mutex_);
    for (;;) {
      if (waiting_.empty()) {
        changed_.wait_for(lock, log_interval);
        lock.unlock();
        slot.process.read_log();
        lock.lock();
        continue;
      }
      Waiting* const next = waiting_.front();
      waiting_.pop_front();
      Report report{std::string(next->id), {}, std::exchange(started_, std::nullopt), limits_.memory_bytes};
      lock.unlock();
      std::optional<Ahead> ahead;
      if (next->hears) ahead.emplace(next->output, [&](std::string_view frames) { tell(*next, frames); });
      TaskAnswer answer = perform_logged(slot, next->task, std::move(report), ahead ? &*ahead : nullptr);
      lock.lock();
      next->answer = std::move(answer);
      next->changed.notify_one();  // under the lock: without it, `next` may be gone
    }
  }

  void tell(Waiting& task, std::string_view frames) {
    const std::lock_guard lock(mutex_);
    task.news += frames;
    task.changed.notify_one();
  }

  static TaskAnswer perform_logged(Slot& slot, std::string_view task, Report report, Ahead* ahead) {
    const std::string start = "START RequestId: " + report.request_id;
    slot.log.own_line(start);
    const auto begun = std::chrono::steady_clock::now();
    TaskAnswer answer = slot.process.perform(task, ahead);
    report.duration = std::chrono::steady_clock::now() - begun;
    report.peak_bytes = answer.peak_bytes;
    report.error = answer.error;
    const std::string end = report_line(report);
    slot.log.own_line(end);
    answer.log = log_tail(start, answer.log, end);
    return answer;
  }

  const TaskCommand command_;
  const TaskLimits limits_;
  const std::chrono::milliseconds beat_;
  std::optional<std::chrono::milliseconds> started_;  // how long that took, until it was reported
  std::vector<std::unique_ptr<Slot>> slots_ = {};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> waiting_ = {};
};

// The answer to a task: in a stream from the first on that is told ahead of it, else at once.
class Answering {
 public:
  Answering(HttpConnection& connection, std::string id) : connection_(connection), id_(std::move(id)) {}

  void tell(std::string_view frames) {
    if (!std::exchange(streams_, true)) is_heard_ = connection_.begin_chunks(parts_media_type, id_line());
    is_heard_ = is_heard_ && connection_.chunk(frames);
  }

  // False: nobody is there any more.
  bool end(const TaskAnswer& answer) {
    if (streams_) {
      const char kind = answer.error.empty() ? 'A' : 'E';
      return is_heard_ && connection_.chunk(part_frame('L', {}, answer.log)) &&
             connection_.chunk(part_head(kind, {}, answer.body), answer.body) && connection_.end_chunks();
    }
    std::string headers = id_line() + "X-Lambdapool-Log: " + base64_encode(answer.log) + "\r\n";
    if (!answer.error.empty()) headers += "X-Lambdapool-Error: " + answer.error + "\r\n";
    const char* type = envelope::is_raw(answer.body) ? "application/vnd.lambdapool" : "application/json";
    return connection_.answer(200, type, answer.body, headers);
  }

 private:
  std::string id_line() const { return "X-Lambdapool-Request: " + id_ + "\r\n"; }

  HttpConnection& connection_;
  const std::string id_;
  bool streams_ = false;
  bool is_heard_ = true;
};

bool answer_task(HttpConnection& connection, const HttpRequest& request, Tasks& tasks) {
  const std::string id = request_id_of(request.trace_context, request.traceparent);
  Answering answering(connection, id);
  Tasks::Hear hear;
  if (request.accepts_parts) hear = [&](std::string_view frames) { answering.tell(frames); };
  const auto output = request.wants_output ? Ahead::Output::yes : Ahead::Output::no;
  return answering.end(tasks.perform(request.body, id, output, hear));
}

void serve_connection(int socket, Tasks& tasks) {
  HttpConnection connection(socket);
  while (const auto request = connection.next(task_bytes_max)) {
    if (request->method == "GET") {
      if (!connection.answer(200, "text/plain", "a lambdapool function: tasks come by POST\n")) return;
    } else if (request->method == "POST") {
      if (!answer_task(connection, *request, tasks)) return;
    } else {
      connection.answer(405, "text/plain", "tasks come by POST\n", "Connection: close\r\n");
      return;
    }
    if (!request->keep_alive) return;
  }
}

void accept_all(int listening, Tasks& tasks) {
  for (;;) {
    const int connection = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (connection < 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no descriptor is free
    if (connection < 0) continue;
    const int on = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    try {
      if (is_welcome(connection)) {
        std::thread([connection, &tasks] { serve_connection(connection, tasks); }).detach();
        continue;
      }
    } catch (const std::system_error&) {  // no thread is to be had
    }
    ::close(connection);
  }
}

}  // namespace

bool is_http_worker(const Environment& environment) {
  if (environment.get(role_variable) != "1") return false;
  return environment.get("PORT") || environment.get(listen_variable) || environment.get(task_variable);
}

void serve_http(const Environment& environment, Remote remote) {
  ::unsetenv(role_variable);
  if (const auto channel = environment.get(task_variable)) {
    ::unsetenv(task_variable);
    serve_tasks(number_from(environment, task_variable, 0, 1 << 20, -1), environment, std::move(remote));
  }
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const int listening = listening_socket(environment);
  const int processes = number_from(environment, "LAMBDAPOOL_PER_INSTANCE", 1, 1'000, 1);
  const std::chrono::milliseconds beat(number_from(environment, beat_variable, 1, 3'600'000, 10'000));
  Tasks tasks(own_command(environment), limits_from(environment), processes, beat);
  std::thread([&] { accept_all(listening, tasks); }).detach();
  int number = 0;
  ::sigwait(&ends, &number);
  tasks.kill();
  ::_exit(0);
}

}  // namespace lambdapool::runtime

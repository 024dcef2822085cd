// A process in which tasks run, one after the other, as who minds it sees it: started, given tasks, held to
// time and memory, and its death told of. On its channel a task is its length (8 bytes), the seconds that it
// has (a double), and its envelope; the answer is two lengths (8 bytes each), the type of an error ("" where
// it is an outcome), and the outcome or what describes the error. Ahead of that, outcomes are in memory that
// it shares (LAMBDAPOOL_PARTS_FD).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/shared_parts.hpp"
#include "runtime/ahead.hpp"

namespace lambdapool::runtime {

struct TaskCommand {
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // NAME=VALUE, without what names the channel
};

struct TaskLimits {
  std::chrono::milliseconds timeout{300'000};
  std::uint64_t memory_bytes = 0;  // of all processes of the task; 0: no limit
};

struct TaskAnswer {
  std::string body;
  std::string error = {};        // its type; "" where the body is an outcome
  std::string log = {};          // the end of what the task has written
  std::uint64_t peak_bytes = 0;  // of memory, as far as it was seen
};

class TaskProcess {
 public:
  using Log = std::function<void(std::string_view)>;

  // `log` gets what it writes to stdout and stderr.
  TaskProcess(const TaskCommand& command, TaskLimits limits, Log log);
  TaskProcess(const TaskProcess&) = delete;
  TaskProcess& operator=(const TaskProcess&) = delete;
  ~TaskProcess();

  void start();  // unless it runs; that it cannot is told by the next task's answer
  TaskAnswer perform(std::string_view task, Ahead* ahead = nullptr);
  void read_log();  // what is there by now
  void kill();      // from any thread: it and all that it started

 private:
  struct Talk;
  bool is_running();
  void begin_task(Ahead* ahead);
  TaskAnswer answer_to(std::string_view task);
  std::uint64_t end();  // the most memory that it has had, in bytes; 0: there was none
  bool exchange(Talk& talk, short events);
  TaskAnswer died(std::uint64_t kills_before, std::uint64_t& peak);

  const TaskCommand& command_;
  const TaskLimits limits_;
  const Log log_;
  std::atomic<pid_t> pid_{-1};
  int channel_ = -1;
  int output_ = -1;
  std::string tail_ = {};
  std::unique_ptr<SharedParts> parts_ = {};  // of the process; null: it has none
  std::string first_words_ = {};             // of the process, before its first task
  bool is_new_ = true;                       // it has had none
  Ahead* ahead_ = nullptr;                   // of the task that runs
};

}  // namespace lambdapool::runtime

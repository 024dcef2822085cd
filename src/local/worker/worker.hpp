// One worker: a process that serves one invocation at a time, with its channel, log, memory and clock.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/server.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/environment.hpp"
#include "local/worker/log.hpp"
#include "local/worker/memory_limit.hpp"
#include "local/worker/python_process.hpp"
#include "local/worker/runtime_api.hpp"
#include "local/worker/runtime_port.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

struct Invocation {
  InvokeCall call;
  std::function<void(InvokeOutcome)> done;
  int lost_starts = 0;  // workers for it that our own machinery lost before they were ready
};

// What outlives a crash of the worker: its /tmp, and the log stream it writes to.
struct WorkerSlot {
  std::filesystem::path tmp;
  std::string log_stream;
};

std::int64_t now_ms();  // by the wall clock

class Worker : public std::enable_shared_from_this<Worker> {
 public:
  using Clock = std::chrono::steady_clock;
  // returning: has answered, and not yet asked for the next invocation.
  enum class State { starting, idle, busy, returning, dying, dead };

  struct Setting {
    std::shared_ptr<const FunctionVersion> function;
    WorkerSlot slot;
    std::filesystem::path opt;
    std::string region;
    std::chrono::milliseconds init_limit;
    int processors;                 // for its libraries' threads
    std::filesystem::path imports;  // where ImportLists are; "": none are kept
  };
  struct Parts {
    http::EventLoop& loop;
    const LogSink& log;
    Supervisor& supervisor;
    MemoryLimits& memory;
    PythonForkServer* python;  // nullptr for functions with a bootstrap of their own
  };
  struct Events {
    std::function<void(Worker&)> idle;
    std::function<void(Worker&, const InvocationError&)> start_failed;  // before it ever was idle
    std::function<void(Worker&)> ended;                                 // the last event, and always
  };

  Worker(Parts parts, Setting setting, Events events);
  ~Worker();

  void start();
  void begin(Invocation invocation);  // while idle
  void stop();                        // kills it; `ended` follows. An invocation under way fails.
  void abandon();                     // the service ends: no more events; a waiting caller is told

  State state() const { return state_; }
  const WorkerSlot& slot() const { return setting_.slot; }
  bool crashed() const { return crashed_; }
  Clock::time_point idle_since() const { return idle_since_; }
  InvokeOutcome outcome_of_failure(const InvokeCall& call, const InvocationError& failure);

 private:
  enum class Phase { init, init_in_invocation, running };

  void launch();
  void fail_start(InvocationError failure);
  bool open_channel();
  std::filesystem::path bootstrap() const;
  bool needs_port() const;
  void spawn_bootstrap();
  void fork_python();
  PythonFork python_fork(WorkerFiles files, const std::filesystem::path& interpreter) const;
  WorkerSetting environment_setting(bool mounted) const;
  ProcessEvents process_events();

  void on_started(pid_t pid);
  void on_exited(int wait_status, std::uint64_t peak_bytes);
  void on_lost(const std::string& why);
  void on_ready();
  void on_answered(RuntimeApi::Kind kind, std::string body);
  void on_init_failed(std::string type, std::string body);
  void on_imported(std::string_view names);

  void kill(std::optional<InvocationError> verdict);
  void kill_process();
  void end(const InvocationError& failure);
  void complete(std::string payload, const InvocationError* failure, bool function_error);
  int used_mb(const InvocationError* failure) const;
  void write_log(std::string_view lines, std::int64_t at_ms) const;

  void set_deadline(Clock::time_point deadline);
  void on_timer();
  void note_peak();
  void watch_memory();
  bool over_limit(std::uint64_t resident) const;
  bool enclosed() const;
  void drop_channel();

  Parts parts_;
  Setting setting_;
  Events events_;
  RuntimeApi api_;
  State state_ = State::starting;
  Phase phase_ = Phase::init;
  bool crashed_ = false;
  bool restarting_ = false;
  std::optional<InvocationError> verdict_;
  pid_t pid_ = -1;
  bool kill_wanted_ = false;

  std::unique_ptr<Cgroup> cgroup_;
  std::unique_ptr<LogPipe> log_;
  std::unique_ptr<RuntimePort> port_;  // of a foreign runtime
  std::unique_ptr<http::Connection> connection_;
  std::filesystem::path imports_;  // its ImportList, where it has one
  Descriptor channel_;             // the worker's end, until it has been handed over
  std::unique_ptr<PeakMemory> peak_;
  std::uint64_t peak_bytes_ = 0;
  Clock::time_point peak_noted_{};

  std::optional<Invocation> invocation_;
  std::string log_before_start_;
  std::int64_t launched_ms_ = 0;  // by the wall clock
  std::optional<double> init_ms_;
  Clock::time_point launched_{}, begun_{}, idle_since_{};
  std::optional<Clock::time_point> deadline_;
  Clock::time_point timer_at_{};
  std::unique_ptr<http::EventLoop::Timer> timer_;
  std::unique_ptr<http::EventLoop::Timer> memory_timer_;
};

}  // namespace lambdapool::local

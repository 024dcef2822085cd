// One worker's processes: how the runtime's comes to life (its channel, its limits, its log) and is killed,
// and the external extensions before and after it. A worker that is started again gets another one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment.hpp"
#include "core/shared_parts.hpp"
#include "http/server.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/environment.hpp"
#include "local/worker/extension_processes.hpp"
#include "local/worker/invocation_error.hpp"
#include "local/worker/log.hpp"
#include "local/worker/memory_limit.hpp"
#include "local/worker/packet_socket.hpp"
#include "local/worker/python_process.hpp"
#include "local/worker/runtime_api.hpp"
#include "local/worker/runtime_port.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

// What outlives a crash of the worker: its /tmp, and the log stream it writes to.
struct WorkerSlot {
  std::filesystem::path tmp;
  std::string log_stream;
};

class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  struct Parts {
    http::EventLoop& loop;
    Supervisor& supervisor;
    MemoryLimits& memory;
    PythonForkServer* python;  // nullptr for functions with a bootstrap of their own
  };
  struct Setting {
    std::shared_ptr<const FunctionVersion> function;
    WorkerSlot slot;
    std::filesystem::path opt;
    std::string region;
    int processors;                            // for its libraries' threads
    std::filesystem::path imports;             // where ImportLists are; "": none are kept
    Environment environment = {};              // lambdapool's, to find a Node.js or Java by
    std::chrono::milliseconds early_within{};  // WorkersOptions'
  };
  struct Exit {
    int wait_status = 0;
    std::uint64_t peak_bytes = 0;
    bool out_of_memory = false;  // the kernel killed it for its memory
  };
  // A packet of our own runtime, and the way back, which is open until release().
  using OnPacket = std::function<void(std::string_view packet, const RuntimeApi::SendPacket& send)>;
  // None within start() or after release().
  struct Events {
    std::function<void()> begun;                       // the first of its processes is there
    std::function<void(pid_t pid)> started;            // the runtime
    std::function<void(InvocationError why)> failed;   // there never was a process
    std::function<void(const Exit& exit)> exiting;     // the runtime, by itself, while extensions are there
    std::function<void(const Exit& exit)> exited;      // the runtime, and all external extensions
    std::function<void(const std::string& why)> lost;  // with the process that had started it
    OnPacket packet;
    std::function<void(const std::string& name, InvocationError why)> extension_failed;
    // Says to an extension that it is to end; false where it does not want to know.
    std::function<bool(const std::string& name, std::string_view reason, std::int64_t deadline_ms)> tell_end;
  };

  struct Api {
    http::Handler handler;
    http::Divert divert;
  };
  // `api`: the Runtime API that it speaks. `log`: where its lines go.
  WorkerProcess(Parts parts, Setting setting, Api api, LogPipe::Sink log, Events events);

  const std::vector<std::string>& extensions() const { return extension_names_; }  // external ones, by file

  void start();          // the external extensions, or the runtime where there are none
  void start_runtime();  // they have all registered
  void kill();           // as soon as it is there, and all below it
  // As Lambda ends a worker that has extensions: the runtime gets SIGTERM and some time, then they are told
  // ("SPINDOWN", "TIMEOUT", "FAILURE") and have what is left of two seconds.
  void shut_down(std::string_view reason);
  std::vector<pid_t> pids() const;     // that are there
  void learn(std::string_view names);  // it has imported these modules, one a line

  LogPipe& log() { return *log_; }
  SharedParts* parts() { return parts_memory_.get(); }  // null: its runtime tells nothing early

  bool send_early(std::string_view packet);  // behind others; false where there is no room
  bool send_token(std::string_view id);      // likewise: of the row of that id one item more may begin
  // The request ids of what was sent behind `present` and the runtime has not read, and now never will.
  // Nothing, where it has not got to `present` yet: it could read what is behind that in the middle of this;
  // but the tokens, which it has no use for then, where they are wanted at any rate.
  struct Unread {
    std::vector<std::string> ids;
    std::vector<std::string> tokens;  // the ids of their rows
    bool is_untouched = false;        // the runtime has not taken the present one: all of it stays there
  };
  Unread take_back(std::string_view present, bool tokens_at_any_rate);
  bool hear_packets();                                              // that have come; whether any had
  bool enclosed() const { return cgroup_ && cgroup_->enclosed(); }  // its memory is the kernel's to hold

  // It has ended: lets its channel and its cgroup go.
  void release();
  // The service ends. The port stays until the processes are gone, or another user could take it over.
  void abandon();

 private:
  void open();
  void start_with(const std::function<void()>& work);
  void fail(InvocationError why);
  bool open_channel();
  bool open_packets();
  bool give_packets(int channel);
  void on_packet(std::string_view packet);
  std::filesystem::path bootstrap() const;
  bool needs_port() const;
  void spawn_bootstrap();
  tl::expected<std::vector<std::string>, InvocationError> command(const WorkerSetting& setting) const;
  void fork_python();
  PythonFork python_fork(WorkerFiles files, const std::filesystem::path& interpreter) const;
  WorkerSetting environment_setting(bool mounted) const;
  ProcessEvents process_events();
  void on_started(pid_t pid);
  void on_exited(int wait_status, std::uint64_t peak_bytes);
  void note_begun();
  void start_extensions();
  Spawn extension_spawn(const std::string& name, const std::string& runtime_api) const;
  void end_extensions();
  void report_exit();

  Parts parts_;
  const Setting setting_;
  Api api_;
  Events events_;
  const bool needs_port_;
  std::unique_ptr<LogPipe> log_;
  std::unique_ptr<Cgroup> cgroup_;
  std::unique_ptr<RuntimePort> port_;  // of a foreign runtime
  std::unique_ptr<http::Connection> connection_;
  std::unique_ptr<PacketSocket> packets_;      // of our own runtimes
  std::unique_ptr<SharedParts> parts_memory_;  // of our own runtimes
  Descriptor packets_there_;                   // the runtime's end of it
  SocketPair tokens_;                          // of a Python worker; its end, too
  std::filesystem::path imports_;              // its ImportList, where it has one
  Descriptor channel_;                         // the worker's end, until it has been handed over
  const std::vector<std::string> extension_names_;
  std::shared_ptr<ExtensionProcesses> extensions_;
  bool begun_ = false;
  bool runtime_started_ = false;  // asked for
  std::optional<Exit> exit_;      // of the runtime
  std::string end_reason_;
  std::chrono::steady_clock::time_point end_at_{};     // when the extensions are killed
  std::unique_ptr<http::EventLoop::Timer> end_timer_;  // with the next that is killed
  pid_t pid_ = -1;
  bool kill_wanted_ = false;
  bool released_ = false;
};

}  // namespace lambdapool::local

// How a worker comes to life: its channel, its limits, its process.
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "local/worker/own_runtime.hpp"
#include "local/worker/worker.hpp"

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

// Runtimes look whether it is set. Nothing can listen on port 0, so nobody can wait there for a worker.
constexpr const char* no_port = "127.0.0.1:0";

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

void Worker::start() { launch(); }

void Worker::launch() {
  launched_ = Clock::now();
  pid_ = -1;
  kill_wanted_ = false;
  launched_ms_ = now_ms();
  log_ =
      std::make_unique<LogPipe>(parts_.loop, [this](std::string_view lines) { write_log(lines, now_ms()); });
  cgroup_ = parts_.memory.make(setting_.function->memory_mb);
  if (!log_->open() || !open_channel()) {
    const std::string hint =
        errno == EMFILE ? "; raise the limit of open files (ulimit -n) or use fewer workers" : "";
    return fail_start(
        {"Runtime.ExitError", std::string("could not start the runtime: ") + std::strerror(errno) + hint});
  }
  if (parts_.python) {
    fork_python();
  } else {
    spawn_bootstrap();
  }
}

bool Worker::open_channel() {
  SocketPair pair = socket_pair(SOCK_STREAM);
  if (!pair.ours) return false;
  channel_ = std::move(pair.theirs);
  const http::Handler handler = [weak = weak_from_this()](http::Request request, http::Responder responder) {
    if (const auto self = weak.lock()) self->api_.handle(std::move(request), std::move(responder));
  };
  connection_ = http::serve_connection(
      parts_.loop, pair.ours.release(), handler, [] {}, http::Pipelined::together);
  if (!needs_port()) return true;
  auto port = RuntimePort::open(parts_.loop, handler);
  if (!port) return false;
  port_ = std::move(*port);
  return true;
}

// Where the bootstrap lies on the host; "" where the function has none.
fs::path Worker::bootstrap() const {
  for (const fs::path& place : {setting_.function->code, setting_.opt}) {
    if (!place.empty() && is_file(place / "bootstrap")) return place / "bootstrap";
  }
  return {};
}

// Our own runtimes speak over the channel that they inherit. An executable of ours that is not started as a
// worker (by another handler's name) may speak the Runtime API in some way of its own.
bool Worker::needs_port() const {
  if (parts_.python) return false;
  return setting_.function->handler != "lambdapool" || !is_own_runtime(bootstrap());
}

WorkerSetting Worker::environment_setting(bool mounted) const {
  WorkerSetting setting;
  setting.region = setting_.region;
  setting.processors = setting_.processors;
  setting.log_stream = setting_.slot.log_stream;
  setting.runtime_api = port_ ? port_->address() : no_port;
  if (!mounted) {
    setting.task_root = setting_.function->code.string();
    setting.opt = setting_.opt.empty() ? "/opt" : setting_.opt.string();
    setting.tmp = setting_.slot.tmp.string();
    setting.objects = (setting_.slot.tmp.parent_path() / "objects" / "data").string();
  }
  return setting;
}

ProcessEvents Worker::process_events() {
  const auto weak = weak_from_this();
  ProcessEvents events;
  events.started = [weak](pid_t pid) {
    if (const auto self = weak.lock()) self->on_started(pid);
  };
  events.exited = [weak](int status, std::uint64_t peak) {
    if (const auto self = weak.lock()) self->on_exited(status, peak);
  };
  events.lost = [weak](const std::string& why) {
    if (const auto self = weak.lock()) self->on_lost(why);
  };
  return events;
}

void Worker::spawn_bootstrap() {
  const bool mounted = parts_.supervisor.root() != Supervisor::Root::none;
  WorkerSetting setting = environment_setting(mounted);
  setting.own_channel = true;
  Spawn spawn;
  const fs::path found = bootstrap();
  if (found.empty()) return fail_start(no_bootstrap());
  const bool in_code = found.parent_path() == setting_.function->code;
  spawn.arguments = {(in_code ? setting.task_root : setting.opt) + "/bootstrap"};
  spawn.environment = as_strings(worker_environment(*setting_.function, setting));
  spawn.directory = setting.task_root;
  spawn.in_root = mounted;
  spawn.root = {setting_.function->code, setting_.opt, setting_.slot.tmp};
  const Descriptor output = log_->take_write_end();
  const Descriptor channel = std::move(channel_);
  spawn.output = output.get();
  spawn.channel = channel.get();
  ProcessEvents events = process_events();
  events.failed = [weak = weak_from_this(), path = spawn.arguments.front()](const std::string& why) {
    if (const auto self = weak.lock())
      self->fail_start({"Runtime.InvalidEntrypoint", "fork/exec " + path + ": " + why});
  };
  parts_.supervisor.spawn(spawn, std::move(events));
}

PythonFork Worker::python_fork(WorkerFiles files, const fs::path& interpreter) const {
  WorkerSetting setting = environment_setting(files == WorkerFiles::mounted);
  setting.interpreter = interpreter;
  PythonFork fork;
  fork.environment = worker_environment(*setting_.function, setting);
  fork.directory = setting.task_root;
  fork.handler = setting_.function->handler;
  fork.fresh = needs_fresh_interpreter(*setting_.function, setting_.opt);
  fork.tell_imports = !imports_.empty();
  fork.root = {setting_.function->code, setting_.opt, setting_.slot.tmp};
  return fork;
}

void Worker::fork_python() {
  const FunctionVersion& function = *setting_.function;
  PythonStart start;
  if (!setting_.imports.empty() && has_packages(function, setting_.opt) &&
      !needs_fresh_interpreter(function, setting_.opt)) {
    imports_ = ImportList::place(setting_.imports, function);
    start.imports = imports_;
    start.template_key = function.key + "\n" + std::to_string(setting_.processors);
  }
  start.events = process_events();
  start.events.failed = [weak = weak_from_this()](const std::string& why) {
    if (const auto self = weak.lock()) self->fail_start({"Runtime.InvalidRuntime", why});
  };
  start.outline = [self = shared_from_this()](WorkerFiles files, const fs::path& interpreter) {
    return std::optional(self->python_fork(files, interpreter));
  };
  start.describe = [self = shared_from_this()](WorkerFiles files,
                                               const fs::path& interpreter) -> std::optional<PythonFork> {
    if (self->state_ == State::dead || self->kill_wanted_) return std::nullopt;
    PythonFork fork = self->python_fork(files, interpreter);
    fork.output = self->log_->take_write_end();
    fork.channel = std::move(self->channel_);
    return fork;
  };
  parts_.python->fork(std::move(start));
}

}  // namespace lambdapool::local

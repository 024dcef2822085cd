#include "local/worker/worker_process.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "local/worker/java_runtime.hpp"
#include "local/worker/node_runtime.hpp"
#include "local/worker/own_runtime.hpp"

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

WorkerProcess::WorkerProcess(Parts parts, Setting setting, Api api, LogPipe::Sink log, Events events)
    : parts_(parts),
      setting_(std::move(setting)),
      api_(std::move(api)),
      events_(std::move(events)),
      needs_port_(needs_port()),
      log_(std::make_unique<LogPipe>(parts.loop, std::move(log))),
      extension_names_(ExtensionProcesses::in(setting_.opt)) {}

// An exception is a failed start like others, except that it says itself what was missing.
void WorkerProcess::start_with(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& failure) {
    fail({"Runtime.ExitError", std::string("could not start the runtime: ") + reason_of(failure)});
  }
}

void WorkerProcess::start() {
  start_with([this] { open(); });
}

void WorkerProcess::open() {
  cgroup_ = parts_.memory.make(setting_.function->memory_mb);
  if (!log_->open() || !open_channel()) {
    const std::string hint =
        errno == EMFILE ? "; raise the limit of open files (ulimit -n) or use fewer workers" : "";
    return fail(
        {"Runtime.ExitError", std::string("could not start the runtime: ") + system_reason(errno) + hint});
  }
  if (extension_names_.empty()) return start_runtime();
  start_extensions();
}

void WorkerProcess::start_runtime() {
  if (runtime_started_ || kill_wanted_) return;
  runtime_started_ = true;
  start_with([this] {
    if (parts_.python) {
      fork_python();
    } else {
      spawn_bootstrap();
    }
  });
}

// Not at once: whoever asked for this worker is still in the middle of asking.
void WorkerProcess::fail(InvocationError why) {
  parts_.loop.post([self = shared_from_this(), why = std::move(why)] {
    if (!self->released_) self->events_.failed(why);
  });
}

// The fork server lives as long as this worker does.
void WorkerProcess::learn(std::string_view names) {
  if (!imports_.empty()) parts_.python->learn(imports_, names);
}

void WorkerProcess::kill() {
  if (kill_wanted_) return;
  kill_wanted_ = true;
  if (pid_ > 0 && !exit_) parts_.supervisor.kill(pid_);
  if (extensions_) extensions_->kill();
}

void WorkerProcess::note_begun() {
  if (!std::exchange(begun_, true) && !released_) events_.begun();
}

void WorkerProcess::on_started(pid_t pid) {
  pid_ = pid;
  if (port_) port_->belongs_to(pid);
  if (cgroup_) cgroup_->enclose(pid);
  note_begun();
  if (!released_) events_.started(pid);
  if (kill_wanted_) parts_.supervisor.kill(pid_);
}

void WorkerProcess::on_exited(int wait_status, std::uint64_t peak_bytes) {
  if (released_) return;
  parts_.supervisor.kill(0);  // whatever it has left behind
  const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  exit_ = Exit{wait_status, peak_bytes, killed && cgroup_ && cgroup_->out_of_memory()};
  if (!kill_wanted_ && extensions_ && !extensions_->gone()) return events_.exiting(*exit_);
  end_extensions();
}

// Not at once: this may run inside a callback of theirs.
void WorkerProcess::release() {
  released_ = true;
  packets_there_.reset();
  tokens_ = {};
  log_.reset();
  cgroup_.reset();
  end_timer_.reset();
  if (extensions_) {
    extensions_->release();
    extensions_->kill();
  }
  parts_.loop.post([connection = std::shared_ptr<http::Connection>(std::move(connection_)),
                    packets = std::shared_ptr<PacketSocket>(std::move(packets_)),
                    port = std::shared_ptr<RuntimePort>(std::move(port_)),
                    extensions = std::move(extensions_)]() mutable {
    connection.reset();
    packets.reset();
    port.reset();
    extensions.reset();
  });
}

void WorkerProcess::abandon() {
  released_ = true;
  end_timer_.reset();
  if (extensions_) extensions_->release();
  connection_.reset();
  packets_.reset();
  packets_there_.reset();
  tokens_ = {};
  log_.reset();
  cgroup_.reset();
}

bool WorkerProcess::open_channel() {
  SocketPair pair = socket_pair(SOCK_STREAM);
  if (!pair.ours) return false;
  if (parts_.python && !(open_packets() && give_packets(pair.ours.get()))) return false;
  channel_ = std::move(pair.theirs);
  http::Guard guard;
  guard.divert = api_.divert;
  connection_ = http::serve_connection(
      parts_.loop, pair.ours.release(), api_.handler, [] {}, http::Pipelined::together, answer_limits(),
      std::move(guard));
  if (!needs_port_) {
    if (!parts_.python) open_packets();  // without, it tells nothing early, and speaks HTTP alone
    return true;
  }
  auto port = RuntimePort::open(parts_.loop, api_.handler, api_.divert);
  if (!port) return false;
  port_ = std::move(*port);
  return true;
}

// Both or neither, the memory for outcomes and the socket.
bool WorkerProcess::open_packets() {
  SocketPair pair = socket_pair(SOCK_SEQPACKET);
  auto memory = SharedParts::make();
  if (!pair.ours || !memory) return false;
  parts_memory_ = std::move(memory);
  packets_ = std::make_unique<PacketSocket>(
      parts_.loop, std::move(pair.ours), [this](std::string_view packet) { on_packet(packet); }, [] {});
  packets_there_ = std::move(pair.theirs);
  return true;
}

// Python finds them in its channel, before any HTTP.
bool WorkerProcess::give_packets(int channel) {
  tokens_ = socket_pair(SOCK_SEQPACKET);
  if (!tokens_.ours) return false;
  const Descriptor memory = parts_memory_->take_descriptor();
  const int given[] = {packets_there_.get(), memory.get(), tokens_.theirs.get()};
  return send_descriptors(channel, given);
}

bool WorkerProcess::send_early(std::string_view packet) { return packets_ && packets_->send_if_room(packet); }

bool WorkerProcess::hear_packets() {
  const auto self = shared_from_this();
  return packets_ && packets_->hear();
}

WorkerProcess::Unread WorkerProcess::take_back(std::string_view present, bool tokens_at_any_rate) {
  Unread unread;
  if (!packets_there_) return unread;
  const int there = packets_there_.get();
  const auto first = next_packet(there, Packet::look);
  const bool waits = first && RuntimeApi::id_in(*first) == present;
  unread.is_untouched = waits && !exit_;
  if (tokens_.theirs && (!unread.is_untouched || tokens_at_any_rate)) {
    while (auto token = next_packet(tokens_.theirs.get(), Packet::take))
      unread.tokens.push_back(std::move(*token));
  }
  if (unread.is_untouched) return unread;
  while (const auto packet = next_packet(there, Packet::take))
    unread.ids.emplace_back(RuntimeApi::id_in(*packet));
  if (waits) unread.ids.erase(unread.ids.begin());
  return unread;
}

bool WorkerProcess::send_token(std::string_view id) {
  return tokens_.ours && ::send(tokens_.ours.get(), id.data(), id.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void WorkerProcess::on_packet(std::string_view packet) {
  const auto self = shared_from_this();
  if (released_) return;
  events_.packet(packet, [this](std::string_view answer) { packets_->send(answer); });
}

// Where the bootstrap lies on the host; "" where the function has none.
fs::path WorkerProcess::bootstrap() const {
  for (const fs::path& place : {setting_.function->code, setting_.opt}) {
    if (!place.empty() && is_file(place / "bootstrap")) return place / "bootstrap";
  }
  return {};
}

// Our own runtimes speak over the channel that they inherit. An executable of ours that is not started as a
// worker (by another handler's name) may speak the Runtime API in some way of its own. So may other people's
// handlers in Python: a wrapper can be another runtime, and an extension can live in the handler's process.
bool WorkerProcess::needs_port() const {
  if (parts_.python) return !is_own_handler(setting_.function->handler);
  return setting_.function->handler != "lambdapool" || !is_own_runtime(bootstrap());
}

WorkerSetting WorkerProcess::environment_setting(bool mounted) const {
  WorkerSetting setting;
  setting.own_runtime = !needs_port_;
  setting.has_packets = packets_ != nullptr;
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

ProcessEvents WorkerProcess::process_events() {
  const auto weak = weak_from_this();
  ProcessEvents events;
  events.started = [weak](pid_t pid) {
    if (const auto self = weak.lock()) self->on_started(pid);
  };
  events.exited = [weak](int status, std::uint64_t peak) {
    if (const auto self = weak.lock()) self->on_exited(status, peak);
  };
  events.lost = [weak](const std::string& why) {
    const auto self = weak.lock();
    if (!self || self->released_) return;
    self->parts_.supervisor.kill(0);  // whatever it has left behind
    self->events_.lost(why);
  };
  return events;
}

// What a runtime other than Python is started by.
tl::expected<std::vector<std::string>, InvocationError> WorkerProcess::command(
    const WorkerSetting& setting) const {
  if (is_node(*setting_.function))
    return node_command(*setting_.function, setting_.opt, setting_.environment, setting);
  if (is_java(*setting_.function))
    return java_command(*setting_.function, setting_.opt, setting_.environment, setting);
  const fs::path found = bootstrap();
  if (found.empty()) return tl::unexpected(no_bootstrap());
  const bool in_code = found.parent_path() == setting_.function->code;
  return std::vector<std::string>{(in_code ? setting.task_root : setting.opt) + "/bootstrap"};
}

void WorkerProcess::spawn_bootstrap() {
  const bool mounted = parts_.supervisor.root() != Supervisor::Root::none;
  WorkerSetting setting = environment_setting(mounted);
  auto command = this->command(setting);
  if (!command) return fail(command.error());
  Spawn spawn;
  spawn.arguments = std::move(*command);
  const bool has_program = is_node(*setting_.function) || is_java(*setting_.function);
  if (has_program) setting.interpreter = spawn.arguments.front();
  const auto variables = worker_environment(*setting_.function, setting);
  const auto wrapper = variables.find("AWS_LAMBDA_EXEC_WRAPPER");
  if (has_program && wrapper != variables.end())
    spawn.arguments.insert(spawn.arguments.begin(), wrapper->second);
  spawn.environment = as_strings(variables);
  spawn.directory = setting.task_root;
  spawn.in_root = mounted;
  spawn.root = {setting_.function->code, setting_.opt, setting_.slot.tmp};
  const Descriptor output = log_->take_write_end();
  const Descriptor channel = std::move(channel_);
  spawn.output = output.get();
  spawn.channel = channel.get();
  const Descriptor memory = parts_memory_ ? parts_memory_->take_descriptor() : Descriptor();
  spawn.memory = memory ? memory.get() : -1;
  spawn.packets = packets_there_ ? packets_there_.get() : -1;
  ProcessEvents events = process_events();
  events.failed = [weak = weak_from_this(), path = spawn.arguments.front()](const std::string& why) {
    if (const auto self = weak.lock())
      self->fail({"Runtime.InvalidEntrypoint", "fork/exec " + path + ": " + why});
  };
  parts_.supervisor.spawn(spawn, std::move(events));
}

PythonFork WorkerProcess::python_fork(WorkerFiles files, const fs::path& interpreter) const {
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

void WorkerProcess::fork_python() {
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
    if (const auto self = weak.lock()) self->fail({"Runtime.InvalidRuntime", why});
  };
  start.outline = [self = shared_from_this()](WorkerFiles files, const fs::path& interpreter) {
    return std::optional(self->python_fork(files, interpreter));
  };
  start.describe = [self = shared_from_this()](WorkerFiles files,
                                               const fs::path& interpreter) -> std::optional<PythonFork> {
    if (self->released_ || self->kill_wanted_) return std::nullopt;
    PythonFork fork = self->python_fork(files, interpreter);
    fork.output = self->log_->take_write_end();
    fork.channel = std::move(self->channel_);
    return fork;
  };
  parts_.python->fork(std::move(start));
}

}  // namespace lambdapool::local

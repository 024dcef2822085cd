#include "local/supervisor/supervisor.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "core/write_all.hpp"
#include "embedded/supervisor.hpp"
#include "local/store/home.hpp"
#include "local/supervisor/protocol.h"
#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {
namespace {

// Descriptors of the child. The program closes all above the first, itself in memory too.
constexpr int control_in_child = 3;
constexpr int memory_in_child = 4;

// dup2(n, n) in the child would keep close-on-exec set: stay clear of the numbers that the child uses.
Descriptor clear_of_child(int fd) { return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 10)); }

struct Program {
  Descriptor memory;
  std::string path;
};

// From memory, open in the child, since an emulator (qemu-user) opens it once more there; from a file in
// `scratch` where the system forbids to execute memory.
Program in_memory() {
  const Descriptor fd(::memfd_create("lambdapool-supervisor", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), embedded::supervisor())) return {};
  return {clear_of_child(fd.get()), "/proc/self/fd/" + std::to_string(memory_in_child)};
}

Program in_file(const std::filesystem::path& scratch) {
  const auto path = scratch / "supervisor";
  Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700));
  if (!fd || !write_all(fd.get(), embedded::supervisor())) return {};
  return {Descriptor(), path.string()};
}

// posix_spawn, because it does nothing between fork and exec that a program with threads could not bear.
int spawn_program(const Program& program, int control, const std::string& root, std::string shared_memory,
                  pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, control, control_in_child);
  if (program.memory) posix_spawn_file_actions_adddup2(&actions, program.memory.get(), memory_in_child);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // No session: where the kernel shares out processors by session (autogroup), a worker of another one than
  // its caller's waits for its turn each time that it is woken.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string name = "lambdapool-supervisor", parent = std::to_string(::getpid()), directory = root;
  char* arguments[] = {name.data(), parent.data(), directory.data(), shared_memory.data(), nullptr};
  char* environment[] = {nullptr};
  const int error = ::posix_spawn(&pid, program.path.c_str(), &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

void append(std::string& message, std::string_view text) {
  message.append(text);
  message.push_back('\0');
}

std::string encode(const Spawn& spawn, std::uint32_t id) {
  lp_request request{};
  request.kind = LP_SPAWN;
  request.id = id;
  if (spawn.in_root) request.flags |= LP_IN_ROOT;
  if (spawn.fork_server) request.flags |= LP_KEEP_PRIVILEGES;
  request.argc = static_cast<std::uint32_t>(spawn.arguments.size());
  request.envc = static_cast<std::uint32_t>(spawn.environment.size());
  std::string message(reinterpret_cast<const char*>(&request), sizeof request);
  append(message, spawn.directory);
  append(message, spawn.root.code.native());
  append(message, spawn.root.opt.native());
  append(message, spawn.root.tmp.native());
  for (const auto& argument : spawn.arguments) append(message, argument);
  for (const auto& variable : spawn.environment) append(message, variable);
  return message;
}

}  // namespace

Result<std::unique_ptr<Supervisor>> Supervisor::launch(const std::filesystem::path& scratch, Mounts mounts,
                                                       SharedMemory shared_memory) {
  std::unique_ptr<Supervisor> supervisor(new Supervisor);
  supervisor->scratch_ = scratch;
  supervisor->shared_memory_ = shared_memory;
  supervisor->root_directory_ = scratch / "root";
  if (const auto error = make_private_directories(supervisor->root_directory_)) {
    return fail(ErrorKind::io, "Could not create " + supervisor->root_directory_.string() + ": " +
                                   system_reason(error.value()));
  }
  if (auto started = supervisor->start_process(mounts); !started) return tl::unexpected(started.error());
  if (auto ready = supervisor->wait_for_hello(); !ready) return tl::unexpected(ready.error());
  return supervisor;
}

Result<void> Supervisor::start_process(Mounts mounts) {
  const std::string root = mounts == Mounts::never ? "" : root_directory_.string();
  SocketPair pair = socket_pair(SOCK_SEQPACKET);
  if (!pair.ours)
    return fail(ErrorKind::io, std::string("Could not create a socket pair: ") + system_reason(errno));
  const Descriptor control = clear_of_child(pair.theirs.get());
  const std::string keep = shared_memory_ == SharedMemory::kept ? "kept" : "";
  int status = EIO;
  if (const Program program = in_memory(); program.memory) {
    status = spawn_program(program, control.get(), root, keep, pid_);
  }
  if (status != 0) {
    const Program program = in_file(scratch_);
    status = spawn_program(program, control.get(), root, keep, pid_);
  }
  if (status != 0) {
    return fail(ErrorKind::io, "Could not start the local Lambda's supervisor process from memory or from " +
                                   scratch_.string() + ": " + system_reason(status));
  }
  control_ = std::move(pair.ours);
  return {};
}

Result<void> Supervisor::wait_for_hello() {
  lp_report hello{};
  pollfd readable{control_.get(), POLLIN, 0};
  constexpr int patience_ms = 10'000;
  while (::poll(&readable, 1, patience_ms) < 0 && errno == EINTR) {
  }
  const ssize_t size = ::recv(control_.get(), &hello, sizeof hello, MSG_DONTWAIT);
  if (size != sizeof hello || hello.kind != LP_HELLO) {
    return fail(ErrorKind::io,
                "The local Lambda's supervisor process did not start; is ptrace or seccomp in the way?");
  }
  root_ = static_cast<Root>(hello.value);
  return {};
}

Supervisor::~Supervisor() {
  packets_.reset();
  if (control_) {
    ::shutdown(control_.get(), SHUT_WR);
    pollfd readable{control_.get(), POLLIN, 0};
    char ignored[sizeof(lp_report)];
    while (::poll(&readable, 1, -1) >= 0 || errno == EINTR) {
      const ssize_t size = ::recv(control_.get(), ignored, sizeof ignored, MSG_DONTWAIT);
      if (size == 0 || (size < 0 && errno != EINTR && errno != EAGAIN)) break;
    }
  }
  if (pid_ > 0) {
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

void Supervisor::attach(http::EventLoop& loop, std::function<void(const std::string& why)> lost) {
  lost_ = std::move(lost);
  packets_ = std::make_unique<PacketSocket>(
      loop, Descriptor(::fcntl(control_.get(), F_DUPFD_CLOEXEC, 0)),
      [this](std::string_view packet) { on_report(packet); }, [this] { on_closed(); });
}

void Supervisor::spawn(const Spawn& spawn, ProcessEvents events) {
  const std::uint32_t id = next_id_++;
  const int given[] = {spawn.output, spawn.channel, spawn.memory, spawn.packets};
  const std::span<const int> fds(given, std::ranges::find(given, -1));
  const std::string message = encode(spawn, id);
  if (message.size() > LP_MAX_MESSAGE || !packets_->send(message, fds)) {
    if (message.size() > LP_MAX_MESSAGE) return events.failed("its arguments and environment are too long");
    return events.lost(epitaph());
  }
  processes_.emplace(id, std::move(events));
}

void Supervisor::kill(pid_t pid) { request(LP_KILL, pid); }

void Supervisor::terminate(pid_t pid) { request(LP_END, pid); }

void Supervisor::request(std::uint32_t kind, pid_t pid) {
  lp_request request{};
  request.kind = kind;
  request.pid = pid;
  packets_->send({reinterpret_cast<const char*>(&request), sizeof request});
}

void Supervisor::on_report(std::string_view packet) {
  lp_report report{};
  if (packet.size() != sizeof report) return;
  std::memcpy(&report, packet.data(), sizeof report);
  const auto found = processes_.find(report.id);
  if (found == processes_.end()) return;
  if (report.kind == LP_STARTED) {
    const auto started = found->second.started;
    return started(report.pid);
  }
  const ProcessEvents events = std::move(found->second);
  processes_.erase(found);
  if (report.kind == LP_FAILED) events.failed(system_reason(report.value));
  if (report.kind == LP_EXITED)
    events.exited(report.value, static_cast<std::uint64_t>(report.peak_kb) * 1024);
}

// The control socket is closed a moment before the process can be waited for, so its end may not be known
// yet.
std::string Supervisor::epitaph() const {
  siginfo_t info{};
  std::string how;
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid == pid_) {
    const bool exited = info.si_code == CLD_EXITED;
    how = " (" + how_it_ended(exited ? info.si_status << 8 : info.si_status) + ")";
  }
  return "its supervisor process " + std::to_string(pid_) + " ended" + how;
}

void Supervisor::on_closed() {
  const std::string why = epitaph();
  lost_(why);
  const auto processes = std::move(processes_);
  processes_.clear();
  for (const auto& [id, events] : processes) events.lost(why);
}

}  // namespace lambdapool::local

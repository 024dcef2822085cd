#include "local/worker/extension_processes.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <algorithm>

namespace lambdapool::local {

std::vector<std::string> ExtensionProcesses::in(const std::filesystem::path& opt) {
  std::vector<std::string> names;
  if (opt.empty()) return names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(opt / "extensions", error), end; !error && entry != end;
       entry.increment(error)) {
    if (std::error_code ignored; entry->is_regular_file(ignored)) names.push_back(entry->path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

ExtensionProcesses::ExtensionProcesses(http::EventLoop& loop, Supervisor& supervisor,
                                       std::vector<std::string> names, Events events)
    : loop_(loop), supervisor_(supervisor), names_(std::move(names)), events_(std::move(events)) {}

bool ExtensionProcesses::start(const Describe& describe, const http::Handler& api, int output) {
  const Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return false;
  for (const auto& name : names_) {
    auto port = RuntimePort::open(loop_, api);
    if (!port) return false;
    processes_.push_back({name, std::move(*port)});
  }
  for (std::size_t index = 0; index < processes_.size(); ++index) {
    Spawn spawn = describe(processes_[index].name, processes_[index].port->address());
    spawn.output = output;
    spawn.channel = nothing.get();
    supervisor_.spawn(spawn, events_of(index));
  }
  return true;
}

ProcessEvents ExtensionProcesses::events_of(std::size_t index) {
  // They keep this alive, and so the ports, until the processes are gone.
  const auto self = shared_from_this();
  ProcessEvents events;
  events.started = [self, index](pid_t pid) {
    Process& process = self->processes_[index];
    process.pid = pid;
    process.port->belongs_to(pid);
    if (!self->released_) self->events_.started(pid);
    if (process.kill_wanted) self->supervisor_.kill(pid);
  };
  events.failed = [self, index](const std::string& why) {
    self->over(index, {"Extension.LaunchError",
                       "fork/exec /opt/extensions/" + self->processes_[index].name + ": " + why});
  };
  events.exited = [self, index](int status, std::uint64_t) {
    self->over(index, {"Extension.Crash", status == 0 ? "exit code 0" : how_it_ended(status)});
  };
  events.lost = [self, index](const std::string& why) { self->over(index, machinery_lost(why)); };
  return events;
}

void ExtensionProcesses::over(std::size_t index, InvocationError why) {
  Process& process = processes_[index];
  process.over = true;
  if (released_) return;
  const auto self = shared_from_this();
  supervisor_.kill(0);  // whatever it has left behind
  if (!ending_) return events_.failed(process.name, std::move(why));
  if (gone()) events_.all_gone();
}

void ExtensionProcesses::end(const std::function<bool(const std::string& name)>& told) {
  ending_ = true;
  for (auto& process : processes_) {
    if (!process.over && !told(process.name)) kill(process);
  }
}

void ExtensionProcesses::kill() {
  ending_ = true;
  for (auto& process : processes_) {
    if (!process.over) kill(process);
  }
}

void ExtensionProcesses::kill(Process& process) {
  process.kill_wanted = true;
  if (process.pid > 0) supervisor_.kill(process.pid);
}

bool ExtensionProcesses::gone() const {
  return std::all_of(processes_.begin(), processes_.end(), [](const auto& one) { return one.over; });
}

std::vector<pid_t> ExtensionProcesses::pids() const {
  std::vector<pid_t> pids;
  for (const auto& process : processes_) {
    if (process.pid > 0 && !process.over) pids.push_back(process.pid);
  }
  return pids;
}

}  // namespace lambdapool::local

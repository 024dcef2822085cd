// The external extensions of one worker process: the files in /opt/extensions, each in a process of its own,
// which starts before the runtime and ends after it. What they are told is extension_api.hpp's to say.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "http/server.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/invocation_error.hpp"
#include "local/worker/runtime_port.hpp"

namespace lambdapool::local {

class ExtensionProcesses : public std::enable_shared_from_this<ExtensionProcesses> {
 public:
  // The names of the files that are to be started, sorted; those of a layer directory (/opt).
  static std::vector<std::string> in(const std::filesystem::path& opt);

  struct Events {
    std::function<void(pid_t pid)> started;
    // It ended, or never began, and nobody had asked for it.
    std::function<void(const std::string& name, InvocationError why)> failed;
    std::function<void()> all_gone;  // after end()
  };
  ExtensionProcesses(http::EventLoop& loop, Supervisor& supervisor, std::vector<std::string> names,
                     Events events);

  const std::vector<std::string>& names() const { return names_; }

  // `describe`: how one of them is started, but for its name, descriptors and port; `output`: where it
  // writes. False where the system has no descriptors left. What goes wrong later is an event.
  using Describe = std::function<Spawn(const std::string& name, const std::string& runtime_api)>;
  bool start(const Describe& describe, const http::Handler& api, int output);

  // Nobody is surprised any more when they end. `told`: whether one knows, and ends by itself; the others are
  // killed.
  void end(const std::function<bool(const std::string& name)>& told);
  void kill();  // after end(): those that are still there
  bool gone() const;
  std::vector<pid_t> pids() const;
  void release() { released_ = true; }  // no more events

 private:
  struct Process {
    std::string name;
    std::unique_ptr<RuntimePort> port;
    pid_t pid = -1;
    bool over = false;
    bool kill_wanted = false;
  };

  ProcessEvents events_of(std::size_t index);
  void over(std::size_t index, InvocationError why);
  void kill(Process& process);

  http::EventLoop& loop_;
  Supervisor& supervisor_;
  const std::vector<std::string> names_;
  Events events_;
  std::vector<Process> processes_;
  bool ending_ = false;
  bool released_ = false;
};

}  // namespace lambdapool::local

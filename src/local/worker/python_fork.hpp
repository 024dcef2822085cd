// What it takes to fork a Python worker, and the service's side of a process that does so
// (python/fork_server.py).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "http/event_loop.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/fork_report.hpp"
#include "local/worker/packet_socket.hpp"

namespace lambdapool::local {

enum class WorkerFiles { mounted, in_place };

struct PythonFork {
  std::map<std::string, std::string> environment;
  std::string directory;
  std::string handler;
  bool fresh = false;  // start an interpreter of its own: slower, but the environment applies from the start
  bool tell_imports = false;            // the worker says which modules of the package it has imported
  std::filesystem::path modules = {};   // of a template: the file that names what it imports; "": a worker
  std::filesystem::path bytecode = {};  // of a template: where compiled modules are kept
  std::filesystem::path own_root = {};  // where the tree for its root is; "": files in place
  WorkerRoot root = {};
  Descriptor output = {};  // of workers
  Descriptor channel = {};
};

// A worker that is wanted.
struct PythonStart {
  using Describe =
      std::function<std::optional<PythonFork>(WorkerFiles, const std::filesystem::path& interpreter)>;
  Describe describe;  // once, at the end; nullopt: nobody wants it any more
  Describe outline;   // without the descriptors, for the template that it is to be forked from
  ProcessEvents events;
  std::string template_key = {};       // workers with an equal one may come from one template; "": from none
  std::filesystem::path imports = {};  // the directory of its ImportList
};

class ForkChannel {
 public:
  struct Events {
    std::function<void(const ForkReport&)> about_itself;  // ready, unfit
    std::function<void()> last_exited = [] {};            // of the processes that it had forked
  };
  ForkChannel(http::EventLoop& loop, Descriptor ours, Events events);

  // False where the process has ended; nothing then has been started.
  bool fork(const PythonFork& fork, ProcessEvents events);

  std::size_t forks() const { return forks_.size(); }  // that have not exited

  // The process has ended, and they with it.
  void lose(const std::string& why);

 private:
  void on_packet(std::string_view packet);

  Events events_;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, ProcessEvents> forks_;
  PacketSocket packets_;
};

}  // namespace lambdapool::local

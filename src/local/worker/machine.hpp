// What workers are made with: a scratch directory, the supervisor, and a way to hold memory. Made on the
// first use, because many a service never runs anything.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "local/supervisor/supervisor.hpp"
#include "local/worker/memory_limit.hpp"
#include "local/worker/python_process.hpp"
#include "local/worker/scratch.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

class Machine {
 public:
  Machine(http::EventLoop& loop, const WorkersOptions& options) : loop_(loop), options_(options) {}

  // On the loop's thread: everything below can be used when it succeeds.
  Result<void> prepare();
  bool ready() const { return attached_; }
  Supervisor& supervisor() { return *supervisor_; }
  MemoryLimits& memory();
  Scratch& scratch() { return scratch_; }
  PythonForkServer& python(const std::string& version);
  void retire(const std::string& key);  // of a function version

  // Which limits are in force, in one line. From any thread; makes what has not been made.
  std::string isolation();

  // Kills every process; returns when they are gone.
  void stop();

  void close_in_fork() { scratch_.close_in_fork(); }

 private:
  const char* shared_memory_as_seen() const;
  Result<void> make();            // with making_ held
  MemoryLimits& memory_limits();  // so, too
  void on_supervisor_lost(const std::string& why);

  http::EventLoop& loop_;
  const WorkersOptions& options_;
  std::mutex making_;
  Scratch scratch_;
  bool claimed_ = false;
  bool attached_ = false;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<MemoryLimits> memory_;
  std::map<std::string, std::unique_ptr<PythonForkServer>> python_;
};

}  // namespace lambdapool::local

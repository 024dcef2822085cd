// Python workers: finds an interpreter for each version, keeps a fork server of it, forks workers from it.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment.hpp"
#include "http/event_loop.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/python_fork.hpp"
#include "local/worker/python_templates.hpp"

namespace lambdapool::local {

class PythonForkServer {
 public:
  struct Options {
    std::string version;
    Environment environment;
    std::filesystem::path preferred;
    std::filesystem::path scratch;
    std::filesystem::path sdk;               // where boto3 is installed (python/sdk.py)
    std::filesystem::path compiled;          // where compiled sources are kept (python/compiled.py)
    std::chrono::milliseconds init_limit;    // of templates
    std::chrono::milliseconds idle_timeout;  // of templates
  };

  PythonForkServer(http::EventLoop& loop, Supervisor& supervisor, Options options);
  ~PythonForkServer();

  void fork(PythonStart start);

  // A worker has imported these modules, one a line (PythonFork::tell_imports).
  void learn(const std::filesystem::path& imports, std::string_view names);

  // No worker of this key is wanted any more: it is how template_key begins.
  void retire(std::string_view key);

  // The supervisor has ended, and with it all that this has started: who waits is told that nothing ran.
  void lose(const std::string& why);

 private:
  enum class State { starting, ready, failed, lost };

  void try_next_candidate();
  void spawn(const std::filesystem::path& interpreter);
  void on_ready(const ForkReport& report);
  void be_patient(pid_t pid);
  void on_end(int wait_status);
  void on_end_before_ready(const std::string& how);
  void give_up(const std::string& reason);
  std::string nothing_found() const;
  std::string not_started() const;
  TemplateHost host();
  std::optional<PythonFork> describe(const PythonStart::Describe& describe) const;
  void send(PythonStart start);
  void start_without_template(PythonStart start);
  bool write_programs();
  std::string last_words() const;

  http::EventLoop& loop_;
  Supervisor& supervisor_;
  Options options_;
  std::vector<std::filesystem::path> candidates_;
  std::size_t next_candidate_ = 0;
  std::string tried_;
  bool other_versions_only_ = true;  // of those tried, each ran and said that it was another
  int kills_ = 0;                    // of starting interpreters, one after the other
  bool out_of_patience_ = false;
  State state_ = State::starting;
  WorkerFiles files_ = WorkerFiles::in_place;
  std::filesystem::path interpreter_;
  std::unique_ptr<ForkChannel> channel_;
  std::unique_ptr<http::EventLoop::Timer> patience_;
  std::deque<PythonStart> waiting_;
  PythonTemplates templates_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lambdapool::local

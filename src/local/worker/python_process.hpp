// Python workers: finds an interpreter for each version, keeps a fork server of it, forks workers from it.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/environment.hpp"
#include "http/event_loop.hpp"
#include "local/supervisor/supervisor.hpp"

namespace lambdapool::local {

// Where an interpreter of `version` ("3.11") may be, best first: `preferred`, the active virtual
// environment, PATH, and the versions that pyenv keeps behind its shims. Only existing files; that one
// of them really is that version is found out by running it.
std::vector<std::filesystem::path> interpreter_candidates(const std::string& version,
                                                          const Environment& environment,
                                                          const std::filesystem::path& preferred);

struct PythonFork {
  std::map<std::string, std::string> environment;
  std::string directory;  // "" means /var/task or the code directory, whichever holds
  std::string handler;
  bool fresh = false;  // start an interpreter of its own: slower, but the environment applies from the start
  WorkerRoot root;
  Descriptor output;
  Descriptor channel;
};

class PythonForkServer {
 public:
  struct Options {
    std::string version;
    Environment environment;
    std::filesystem::path preferred;
    std::filesystem::path scratch;
  };

  PythonForkServer(http::EventLoop& loop, Supervisor& supervisor, Options options);
  ~PythonForkServer();

  // `describe` finishes the request once it is known whether the worker gets a root of its own; nullopt if
  // nobody wants the worker any more.
  enum class Files { mounted, in_place };
  using Describe = std::function<std::optional<PythonFork>(Files, const std::filesystem::path& interpreter)>;
  void fork(Describe describe, ProcessEvents events);

  // The supervisor has ended, and with it all that this has started: who waits is told that nothing ran.
  void lose(const std::string& why);

 private:
  struct Waiting {
    Describe describe;
    ProcessEvents events;
  };
  enum class State { starting, ready, failed, lost };

  void try_next_candidate();
  void spawn(const std::filesystem::path& interpreter);
  void on_packet(std::string_view packet);
  void on_ready(const std::string& executable, bool mounts);
  void be_patient(pid_t pid);
  void on_end(int wait_status);
  void on_end_before_ready(const std::string& how);
  void lose_workers(const std::string& why);
  void give_up(const std::string& reason);
  std::string nothing_found() const;
  std::string not_started() const;
  void send(Waiting waiting);
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
  Files files_ = Files::in_place;
  std::filesystem::path interpreter_;
  std::unique_ptr<PacketSocket> packets_;
  std::unique_ptr<http::EventLoop::Timer> patience_;
  std::deque<Waiting> waiting_;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, ProcessEvents> workers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lambdapool::local

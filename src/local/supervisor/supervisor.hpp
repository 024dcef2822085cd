// The service's side of the supervisor process (supervisor/supervisor.c): starts it, asks it to start and
// kill processes, and tells what becomes of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/error.hpp"
#include "http/event_loop.hpp"
#include "local/worker/packet_socket.hpp"

namespace lambdapool::local {

// What becomes of a process that was asked for: either `failed`, or `started` and later `exited`. Or it is
// `lost`, started or not: the process that should have started it has ended, and all below it.
struct ProcessEvents {
  std::function<void(pid_t pid)> started;
  std::function<void(std::string why)> failed;
  std::function<void(int wait_status, std::uint64_t peak_bytes)> exited;
  std::function<void(const std::string& why)> lost;
};

// The directories that a worker gets mounted where the machine allows it.
struct WorkerRoot {
  std::filesystem::path code;
  std::filesystem::path opt;  // "": no layers
  std::filesystem::path tmp;
};

struct Spawn {
  std::vector<std::string> arguments;    // the first is the path of the executable
  std::vector<std::string> environment;  // NAME=value
  std::string directory;
  bool in_root = false;  // directory and executable are then paths inside
  WorkerRoot root = {};
  bool fork_server = false;  // prepares workers itself: keeps the rights that this needs
  int output = -1;           // its stdout and stderr
  int channel = -1;          // its descriptor 3
  int memory = -1;           // its descriptor 4; -1: it has none
  int packets = -1;          // its descriptor 5, likewise, and only beside memory
};

class Supervisor {
 public:
  enum class Root { none, as_root, user_namespace };
  enum class Mounts { where_allowed, never };
  enum class SharedMemory { hidden, kept };  // /dev/shm, in workers with a root of their own

  // Starts the process and waits for it to be ready (about two milliseconds). From any thread.
  static Result<std::unique_ptr<Supervisor>> launch(const std::filesystem::path& scratch,
                                                    Mounts mounts = Mounts::where_allowed,
                                                    SharedMemory shared_memory = SharedMemory::hidden);
  ~Supervisor();  // everything under it is killed; returns when it is gone

  // On the loop's thread, once, before anything below. `lost`: the process died of itself. Every process
  // under it is dead, and is now going to be reported as lost; so this object has to live on a while.
  void attach(http::EventLoop& loop, std::function<void(const std::string& why)> lost);

  void spawn(const Spawn& spawn, ProcessEvents events);
  // With its group and its descendants; then every process that a dead worker has left. 0: only these.
  void kill(pid_t pid);
  void terminate(pid_t pid);  // asks it and its group to end (SIGTERM)

  Root root() const { return root_; }
  const std::filesystem::path& root_directory() const { return root_directory_; }
  pid_t pid() const { return pid_; }

 private:
  Supervisor() = default;
  Result<void> start_process(Mounts mounts);
  Result<void> wait_for_hello();
  void request(std::uint32_t kind, pid_t pid);
  void on_report(std::string_view packet);
  void on_closed();
  std::string epitaph() const;

  pid_t pid_ = -1;
  Root root_ = Root::none;
  std::filesystem::path scratch_;
  SharedMemory shared_memory_ = SharedMemory::hidden;
  std::filesystem::path root_directory_;
  Descriptor control_;  // moves into packets_; a duplicate stays to wait for the end
  std::unique_ptr<PacketSocket> packets_;
  std::function<void(const std::string& why)> lost_;
  std::uint32_t next_id_ = 1;
  std::unordered_map<std::uint32_t, ProcessEvents> processes_;
};

}  // namespace lambdapool::local

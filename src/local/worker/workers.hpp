// Runs invocations in worker processes: started on demand, kept warm, one invocation at a time each,
// reaped when idle, killed with everything they started when a limit is broken or the service ends.
// Knows nothing of the control plane: it is given everything that a version of a function needs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"
#include "http/event_loop.hpp"
#include "local/worker/invocation.hpp"

namespace lambdapool::local {

// One immutable, runnable state of a function. `key` differs whenever anything else here differs:
// workers are shared by invocations with an equal key and never by others.
struct FunctionVersion {
  std::string key;
  std::string function_arn;  // unqualified
  std::string name;
  std::string version;  // "$LATEST" or a number
  std::string runtime;  // "python3.11", "provided.al2023"
  std::string handler;
  std::string architecture;
  std::filesystem::path code;                 // the unpacked package, read-only
  std::vector<std::filesystem::path> layers;  // unpacked, in order; later ones win
  std::map<std::string, std::string> environment;
  int memory_mb = 128;
  std::chrono::seconds timeout{3};
  std::string log_group;
  std::string system_log_level;  // of JSON logs: DEBUG, INFO or WARN; "": logs are text
};

// Takes lines of a function's log as they come, on the loop's thread; the last may lack its end.
using LogSink = std::function<void(const FunctionVersion& function, const std::string& stream,
                                   std::string_view lines, std::int64_t at_ms)>;

struct WorkersOptions {
  std::filesystem::path scratch;   // a directory of this service's own; removed with it
  std::filesystem::path sdk;       // of all services: where Python's boto3 is installed (python/sdk.py)
  std::filesystem::path compiled;  // of all services: Python's compiled sources (python/compiled.py)
  std::string region;
  Environment environment;       // PATH, VIRTUAL_ENV: where interpreters are looked for
  std::filesystem::path python;  // preferred interpreter, if it has the right version
  std::filesystem::path
      imports;  // what is known of functions' imports (import_list.hpp); "": nothing is kept
  std::chrono::milliseconds idle_timeout{300'000};
  std::chrono::milliseconds lifetime{2 * 3'600'000};  // of a worker, and so of its role's credentials
  std::chrono::milliseconds init_limit{10'000};       // a longer init is started again within the invocation
  // While a worker's invocations take no longer, it has the next ones of their caller behind the present one:
  // beyond that, nothing is saved that counts.
  std::chrono::milliseconds early_within{2};
  bool cgroups = true;         // false: memory is watched even where cgroups could be written
  bool shared_memory = false;  // functions see the host's /dev/shm, which Lambda lacks
  bool mounts = true;          // false: functions see the host's files even where mounting is allowed
};

class Workers {
 public:
  static Result<std::unique_ptr<Workers>> start(http::EventLoop& loop, WorkersOptions options);
  virtual ~Workers() = default;  // kills every worker and waits for it

  // Before the first invocation.
  virtual void log_to(LogSink sink) = 0;

  // On the loop's thread; `done` runs there, exactly once. Concurrency limits are the caller's.
  virtual void invoke(std::shared_ptr<const FunctionVersion> function, Invocation invocation,
                      std::function<void(InvocationResult)> done) = 0;

  // As invoke(), behind another invocation of the same caller that a worker has. False: there is none that
  // takes it, and `done` never runs. Until it has begun (Invocation::begun) it may come back: `done` then
  // runs with its turn returned.
  virtual bool invoke_early(const std::shared_ptr<const FunctionVersion>& /*function*/,
                            Invocation /*invocation*/, std::function<void(InvocationResult)> /*done*/) {
    return false;
  }

  // It is going to be called: what any worker of it needs is started meanwhile. On the loop's thread.
  virtual void expect(const FunctionVersion& /*function*/) {}

  // Idle workers of this key end now, busy ones after their invocation. On the loop's thread.
  virtual void retire(const std::string& key) = 0;

  virtual std::string isolation() const = 0;  // how memory, processes and files are held, one line

  // In a forked child: lets go of what would make the parent's end go unnoticed.
  virtual void close_in_fork() {}
};

}  // namespace lambdapool::local

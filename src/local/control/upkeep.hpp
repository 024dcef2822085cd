// What goes on behind the requests, on background threads: functions become active, code that nobody refers
// to goes.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/error.hpp"
#include "http/event_loop.hpp"
#include "local/control/transition.hpp"
#include "local/invoke/snapshot_cache.hpp"
#include "local/store/code_store.hpp"
#include "local/store/database_pool.hpp"
#include "local/work_threads.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

class Upkeep {
 public:
  struct Parts {
    http::EventLoop& loop;
    WorkThreads& threads;
    DatabasePool& databases;
    CodeStore& code;
    SnapshotCache& snapshots;                         // the loop's own
    std::function<std::int64_t()> now_ms;             // by the wall clock
    std::function<void(std::function<void()>)> post;  // onto the loop, while the control plane is there
    std::function<void()> changed;  // versions are others than before; from a background thread
  };
  explicit Upkeep(Parts parts) : parts_(std::move(parts)) {}

  // Carries transitions out, and then, where code was `released`, looks for what nobody refers to any more.
  void finish(std::vector<Transition> transitions, bool released);

  // Puts a version's code back where it was, if it can, and then says so on the loop's thread.
  void mend(const FunctionVersion& version, std::function<void(Result<void>)> done);

  // What another process had begun and did not live to finish.
  void recover();

 private:
  void collect();

  Parts parts_;
};

}  // namespace lambdapool::local

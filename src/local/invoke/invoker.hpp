// Runs invocations: finds the function, holds the concurrency limits, hands the invocation to the workers,
// and makes the response. The hot path: all of it on the event loop's thread, and for a warm function without
// a write to the disk.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "http/event_loop.hpp"
#include "http/message.hpp"
#include "local/invoke/concurrency_gate.hpp"
#include "local/invoke/event_destination.hpp"
#include "local/invoke/event_queue.hpp"
#include "local/invoke/invoke_request.hpp"
#include "local/invoke/snapshot_cache.hpp"
#include "local/worker/workers.hpp"

namespace lambdapool::local {

class Invoker {
 public:
  using Respond = std::function<void(http::Response)>;
  // Sees to it that a version's code is there as it was deployed, and then says so on the loop's thread.
  using Mend = std::function<void(const FunctionVersion& version, std::function<void(Result<void>)> done)>;

  Invoker(http::EventLoop& loop, Workers& workers, SnapshotCache& snapshots, int concurrency,
          EventPolicy policy, Mend mend, std::string region, std::uint32_t seed);

  // `payload` has been checked. Answers through `respond`, once; an Event at once, its work goes on behind
  // it; with a body that is still to come where the caller takes what is streamed. `turn`: of a caller in
  // this process; where that is early, it takes another's place when that one ends, or is given back.
  void invoke(const InvokeRequest& request, const std::string& request_id, std::string payload,
              Respond respond, std::shared_ptr<http::Turn> turn = {});

  // It is going to be called (Workers::expect). What cannot be found is left to that call.
  void expect(const FunctionReference& reference);

 private:
  using Done = std::function<void(InvocationResult)>;
  class Call;

  OrRefusal<std::shared_ptr<const Snapshot>> find(const FunctionReference& reference);
  OrRefusal<void> enter(const std::string& function, const Snapshot& snapshot);
  void run(const std::string& function, const std::shared_ptr<const Snapshot>& snapshot,
           std::shared_ptr<const FunctionVersion> version, Invocation invocation, Done done);
  bool invoke_early(const InvokeRequest& request, Invocation invocation, const Respond& respond);
  bool is_ready(const FunctionVersion& version) const;
  std::shared_ptr<const FunctionVersion> choose(const Snapshot& snapshot);
  EventQueue::Start start_event(const EventInvocation& event);
  void send_on(const EventInvocation& event, const EventEnd& end, const std::string& destination);
  void answer_event(const InvokeRequest& request, Invocation invocation, const Respond& respond);

  http::EventLoop& loop_;
  Workers& workers_;
  Mend mend_;
  SnapshotCache& snapshots_;
  ConcurrencyGate gate_;
  std::minstd_rand random_;
  std::string region_;
  std::shared_ptr<Invoker*> self_;         // calls still out hold it weakly
  std::set<std::filesystem::path> whole_;  // packages that were looked through, once for all their calls
  std::vector<std::string> replaced_;      // keys of workers that are to be retired
  std::unique_ptr<http::EventLoop::Timer> retiring_;  // when they are
  EventQueue events_;
};

}  // namespace lambdapool::local

#include "local/worker/workers.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "core/descriptor_limit.hpp"
#include "local/worker/java_runtime.hpp"
#include "local/worker/machine.hpp"
#include "local/worker/node_runtime.hpp"
#include "local/worker/processors.hpp"
#include "local/worker/worker.hpp"
#include "local/worker/workers_schedule.hpp"

namespace lambdapool::local {
namespace {

using Clock = Worker::Clock;

constexpr int lost_starts_max = 10;
constexpr std::size_t descriptors_of_a_worker = 10;  // while it starts; half of that later
constexpr std::chrono::milliseconds look_for_room_every{20};

constexpr std::chrono::milliseconds prepared_after{5};  // a start, which somebody waits for

constexpr std::string_view python_runtime = "python3.";
constexpr std::size_t python_version_at = 6;

// A crashed worker's slot, kept for its replacement.
struct SpareSlot {
  WorkerSlot slot;
  Clock::time_point since;
};

// The workers of one function version.
struct Group {
  std::shared_ptr<const FunctionVersion> function;
  std::deque<PendingInvocation> waiting;
  std::vector<std::shared_ptr<Worker>> workers;
  std::vector<Worker*> idle;  // the most recently used last
  std::vector<SpareSlot> spare;
  bool retired = false;

  std::size_t coming() const {
    return static_cast<std::size_t>(std::count_if(workers.begin(), workers.end(),
                                                  [](const auto& worker) { return worker->is_coming(); }));
  }
  bool empty() const { return waiting.empty() && workers.empty() && spare.empty(); }
};

class LocalWorkers : public Workers {
 public:
  LocalWorkers(http::EventLoop& loop, WorkersOptions options)
      : loop_(loop), options_(std::move(options)), machine_(loop_, options_) {}
  ~LocalWorkers() override;

  void log_to(LogSink sink) override { log_ = std::move(sink); }
  void invoke(std::shared_ptr<const FunctionVersion> function, Invocation call,
              std::function<void(InvocationResult)> done) override;
  bool invoke_early(const std::shared_ptr<const FunctionVersion>& function, Invocation call,
                    std::function<void(InvocationResult)> done) override;
  void expect(const FunctionVersion& function) override;
  void retire(const std::string& key) override;
  std::string isolation() const override { return machine_.isolation(); }
  void close_in_fork() override { machine_.close_in_fork(); }

 private:
  void pump(Group& group);
  static void give_back_early(Group& group);
  void start_worker(Group& group);
  void refuse_front(Group& group, const InvocationError& failure);
  void try_to_start_worker(Group& group);
  int processors_for(const FunctionVersion& function) const;
  bool has_room();
  void wait_for_room();
  Result<WorkerSlot> take_slot(Group& group);
  void refuse(const FunctionVersion& function, PendingInvocation pending, const InvocationError& failure);

  bool is_expired(const Worker& worker) const;
  void on_idle(Group& group, Worker& worker);
  void on_start_failed(Group& group, Worker& worker, const InvocationError& failure);
  void on_ended(const std::string& key, Worker& worker);
  void arm_reaper();
  void reap();
  void shut_down();

  http::EventLoop& loop_;
  WorkersOptions options_;
  LogSink log_ = [](const auto&...) {};
  mutable Machine machine_;  // isolation() makes it where it has not been made
  std::unordered_map<std::string, Group> groups_;
  std::unique_ptr<http::EventLoop::Timer> reaper_;
  std::unique_ptr<http::EventLoop::Timer> ahead_;  // prepares for the next worker
  std::unique_ptr<http::EventLoop::Timer> room_;   // looks again for descriptors, while some wait for them
};

void LocalWorkers::refuse(const FunctionVersion& function, PendingInvocation pending,
                          const InvocationError& failure) {
  InvocationResult result;
  const std::string& id = pending.invocation.request_id;
  result.payload = payload_of(failure, id);
  result.function_error = true;
  const auto now = now_ms();
  const Report report{.request_id = id,
                      .memory_mb = function.memory_mb,
                      .failure = &failure,
                      .function_error = true,
                      .produced_bytes = result.payload.size()};
  result.log = start_lines(function, id, now) + end_lines(function, report, now);
  log_(function, "", result.log, now);
  loop_.post([done = std::move(pending.done), result = std::move(result)] { done(result); });
}

void LocalWorkers::invoke(std::shared_ptr<const FunctionVersion> function, Invocation invocation,
                          std::function<void(InvocationResult)> done) {
  PendingInvocation pending{std::move(invocation), std::move(done)};
  if (auto ready = machine_.prepare(); !ready) {
    return refuse(*function, std::move(pending), {"Runtime.ExitError", ready.error().message});
  }
  Group& group = groups_[function->key];
  group.function = std::move(function);
  group.retired = false;
  group.waiting.push_back(std::move(pending));
  const std::string key = group.function->key;
  pump(group);
  if (group.empty()) groups_.erase(key);
}

// Behind whichever has the fewest behind it.
bool LocalWorkers::invoke_early(const std::shared_ptr<const FunctionVersion>& function, Invocation invocation,
                                std::function<void(InvocationResult)> done) {
  const auto found = groups_.find(function->key);
  if (found == groups_.end() || found->second.retired || !found->second.waiting.empty()) return false;
  Worker* best = nullptr;
  for (const auto& worker : found->second.workers) {
    if (!worker->takes_early(invocation.turn->caller) || is_expired(*worker)) continue;
    if (!best || worker->early() < best->early()) best = worker.get();
  }
  return best && best->take_early({std::move(invocation), std::move(done)});
}

// Supervisor and interpreter take most of the time of a first call. Where they cannot be had, that one says
// why.
void LocalWorkers::expect(const FunctionVersion& function) {
  try {
    if (machine_.prepare() && function.runtime.starts_with(python_runtime))
      machine_.python(function.runtime.substr(python_version_at));
  } catch (const std::exception&) {  // of what a start needs something is missing
  }
}

// What has come for another worker, or for none any more, does not wait behind what is early.
void LocalWorkers::give_back_early(Group& group) {
  const auto workers = group.workers;  // whoever gets something back may send it again
  for (const auto& worker : workers) worker->give_back_early();
}

void LocalWorkers::pump(Group& group) {
  std::erase_if(group.idle, [](Worker* worker) { return !worker->is_idle(); });  // an extension has failed
  while (!group.waiting.empty() && !group.idle.empty()) {
    Worker* worker = group.idle.back();
    group.idle.pop_back();
    PendingInvocation pending = std::move(group.waiting.front());
    group.waiting.pop_front();
    worker->begin(std::move(pending));
  }
  if (group.waiting.empty()) return;
  give_back_early(group);
  for (auto missing = workers_to_start(group.waiting.size(), group.coming()); missing > 0; --missing) {
    if (!has_room()) return wait_for_room();
    start_worker(group);
  }
}

// Idle workers leave their share to the others; those that are going to be started for what waits do not.
int LocalWorkers::processors_for(const FunctionVersion& function) const {
  std::size_t at_work = 0;
  for (const auto& [key, group] : groups_) {
    at_work += group.workers.size() - group.idle.size();
    at_work += workers_to_start(group.waiting.size(), group.coming());
  }
  return processors_of_worker(function.memory_mb, processors_of_machine(), at_work);
}

// A quarter of the descriptors is left to the service: to connections, its database and its logs. The first
// worker is always tried; where it fails, the error says why.
bool LocalWorkers::has_room() {
  std::size_t workers = 0, coming = 0;
  for (const auto& [key, group] : groups_) {
    workers += group.workers.size();
    coming += group.coming();
  }
  const std::size_t limit = descriptor_limit();
  const std::size_t spoken_for = descriptors_used() + 2 * coming;  // these open some more
  return workers == 0 || spoken_for + descriptors_of_a_worker <= limit - limit / 4;
}

// What has no room waits for a worker of its function to be free, or for one of another to end: an idle one
// is ended for its sake.
void LocalWorkers::wait_for_room() {
  if (room_) return;
  Worker* oldest = nullptr;
  for (auto& [key, group] : groups_) {
    for (Worker* worker : group.idle) {
      if (!oldest || worker->idle_since() < oldest->idle_since()) oldest = worker;
    }
  }
  if (oldest) {
    for (auto& [key, group] : groups_) std::erase(group.idle, oldest);
    oldest->stop();
  }
  room_ = loop_.call_after(look_for_room_every, [this] {
    room_.reset();
    for (auto& [key, group] : groups_) pump(group);
    std::erase_if(groups_, [](const auto& entry) { return entry.second.empty(); });
  });
}

Result<WorkerSlot> LocalWorkers::take_slot(Group& group) {
  if (!group.spare.empty()) {
    WorkerSlot slot = std::move(group.spare.back().slot);
    group.spare.pop_back();
    return slot;
  }
  auto tmp = machine_.scratch().make_tmp();
  if (!tmp) return tl::unexpected(tmp.error());
  return WorkerSlot{*tmp, new_log_stream(group.function->version)};
}

// The one that has waited longest.
void LocalWorkers::refuse_front(Group& group, const InvocationError& failure) {
  PendingInvocation pending = std::move(group.waiting.front());
  group.waiting.pop_front();
  refuse(*group.function, std::move(pending), failure);
}

// Whatever is missing for a worker, a thread or memory, somebody waits for it.
void LocalWorkers::start_worker(Group& group) {
  const auto before = group.workers.size();
  try {
    try_to_start_worker(group);
  } catch (const std::exception& failure) {
    if (group.workers.size() > before) group.workers.pop_back();
    refuse_front(group,
                 {"Runtime.ExitError", std::string("could not start a worker: ") + reason_of(failure)});
  }
}

void LocalWorkers::try_to_start_worker(Group& group) {
  const std::string& runtime = group.function->runtime;
  const bool python = runtime.starts_with(python_runtime);
  const bool by_program = is_node(*group.function) || is_java(*group.function);
  if (!python && !by_program && !runtime.starts_with("provided")) {
    return refuse_front(group,
                        {"Runtime.InvalidRuntime",
                         "The local target runs python3.*, nodejs*, java* and provided.* functions; this "
                         "one's runtime is " +
                             runtime});
  }
  auto slot = take_slot(group);
  auto opt = machine_.scratch().merge_layers(group.function->layers);
  if (!slot || !opt) {
    return refuse_front(group, {"Runtime.ExitError", slot ? opt.error().message : slot.error().message});
  }
  const std::string key = group.function->key;
  Worker::Events events{[this, &group](Worker& worker) { on_idle(group, worker); },
                        [this, &group](Worker& worker, const InvocationError& failure) {
                          on_start_failed(group, worker, failure);
                        },
                        [this, key](Worker& worker) { on_ended(key, worker); }};
  PythonForkServer* const interpreter =
      python ? &machine_.python(runtime.substr(python_version_at)) : nullptr;
  WorkerProcess::Parts parts{loop_, machine_.supervisor(), machine_.memory(), interpreter};
  auto worker = std::make_shared<Worker>(
      parts, log_,
      WorkerProcess::Setting{group.function, std::move(*slot), std::move(*opt), options_.region,
                             processors_for(*group.function), options_.imports,
                             by_program ? options_.environment : Environment(), options_.early_within},
      options_.init_limit, std::move(events));
  group.workers.push_back(worker);
  worker->start();
  if (!ahead_)
    ahead_ = loop_.call_after(prepared_after, [this] {
      ahead_.reset();
      machine_.scratch().prepare_tmp();
    });
}

// Its credentials are those of a role, which expire: whoever waits has a new worker when this one has ended.
bool LocalWorkers::is_expired(const Worker& worker) const {
  return worker.has_worked() && worker.launched() <= Clock::now() - options_.lifetime;
}

void LocalWorkers::on_idle(Group& group, Worker& worker) {
  if (is_expired(worker)) return worker.stop();
  if (!group.waiting.empty()) {
    PendingInvocation pending = std::move(group.waiting.front());
    group.waiting.pop_front();
    return worker.begin(std::move(pending));
  }
  if (group.retired) return worker.stop();
  group.idle.push_back(&worker);
  arm_reaper();
}

void LocalWorkers::on_start_failed(Group& group, Worker& worker, const InvocationError& failure) {
  const std::size_t coming = group.coming();
  if (!failed_start_fails_invocation(group.waiting.size(), coming)) return;
  if (failure.cause == InvocationError::Cause::machinery) {
    // Nothing ran: another worker is started for it (when this one has ended), some times.
    auto lost = group.waiting.begin() + static_cast<std::ptrdiff_t>(coming);
    if (++lost->lost_starts <= lost_starts_max) return;
    std::iter_swap(lost, group.waiting.begin());
  }
  PendingInvocation pending = std::move(group.waiting.front());
  group.waiting.pop_front();
  pending.done(worker.result_of_failure(pending.invocation, failure));
}

void LocalWorkers::on_ended(const std::string& key, Worker& worker) {
  const auto found = groups_.find(key);
  if (found == groups_.end()) return;
  Group& group = found->second;
  std::erase(group.idle, &worker);
  if (worker.crashed() && !group.retired) {
    group.spare.push_back({worker.slot(), Clock::now()});
    arm_reaper();
  } else {
    Scratch::remove_tmp(worker.slot().tmp);
  }
  std::erase_if(group.workers, [&](const auto& one) { return one.get() == &worker; });
  if (!group.waiting.empty() && !machine_.ready()) {
    if (auto ready = machine_.prepare(); !ready) {
      for (auto& pending : group.waiting)
        refuse(*group.function, std::move(pending), {"Runtime.ExitError", ready.error().message});
      group.waiting.clear();
    }
  }
  pump(group);
  if (group.empty()) groups_.erase(found);
}

void LocalWorkers::retire(const std::string& key) {
  machine_.retire(key);
  const auto found = groups_.find(key);
  if (found == groups_.end()) return;
  Group& group = found->second;
  group.retired = true;
  for (const auto& spare : group.spare) Scratch::remove_tmp(spare.slot.tmp);
  group.spare.clear();
  give_back_early(group);
  const auto idle = std::move(group.idle);
  group.idle.clear();
  for (Worker* worker : idle) worker->stop();
  if (group.empty()) groups_.erase(found);
}

void LocalWorkers::arm_reaper() {
  if (!reaper_) reaper_ = loop_.call_after(options_.idle_timeout, [this] { reap(); });
}

void LocalWorkers::reap() {
  reaper_.reset();
  const auto before = Clock::now() - options_.idle_timeout;
  std::optional<Clock::time_point> oldest;
  const auto keep = [&](Clock::time_point since) {
    if (since > before && (!oldest || since < *oldest)) oldest = since;
    return since > before;
  };
  for (auto entry = groups_.begin(); entry != groups_.end();) {
    Group& group = entry->second;
    std::erase_if(group.idle, [&](Worker* worker) {
      if (keep(worker->idle_since())) return false;
      worker->stop();
      return true;
    });
    std::erase_if(group.spare, [&](const SpareSlot& spare) {
      if (keep(spare.since)) return false;
      Scratch::remove_tmp(spare.slot.tmp);
      return true;
    });
    entry = group.empty() ? groups_.erase(entry) : std::next(entry);
  }
  if (oldest) reaper_ = loop_.call_after(*oldest - before, [this] { reap(); });
}

void LocalWorkers::shut_down() {
  reaper_.reset();
  ahead_.reset();
  room_.reset();
  auto groups = std::move(groups_);
  groups_.clear();
  for (auto& [key, group] : groups) {
    for (auto& worker : group.workers) worker->abandon();
    for (auto& pending : group.waiting) {
      InvocationResult result;
      result.payload =
          payload_of({"Runtime.ExitError", "The local Lambda was shut down"}, pending.invocation.request_id);
      result.function_error = true;
      pending.done(std::move(result));
    }
  }
  machine_.stop();
}

LocalWorkers::~LocalWorkers() {
  loop_.run([&] { shut_down(); });
}

}  // namespace

Result<std::unique_ptr<Workers>> Workers::start(http::EventLoop& loop, WorkersOptions options) {
  return std::make_unique<LocalWorkers>(loop, std::move(options));
}

}  // namespace lambdapool::local

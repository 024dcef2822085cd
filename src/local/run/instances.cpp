#include "local/run/instances.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "http/client.hpp"
#include "local/run/container.hpp"
#include "local/run/passed_answer.hpp"
#include "local/run/run_answer.hpp"
#include "local/store/uuid.hpp"
#include "local/supervisor/supervisor.hpp"
#include "local/worker/interpreters.hpp"
#include "local/worker/log.hpp"
#include "local/worker/scratch.hpp"

namespace lambdapool::local::run {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t coming_max = 4;  // of one revision at a time
constexpr std::size_t words_kept = 2'000;

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "it was ended by signal " + std::to_string(WTERMSIG(status));
  return "it ended with exit status " + std::to_string(WEXITSTATUS(status));
}

struct Waiting {
  http::Request request;
  std::function<void(http::Response)> done;
  Clock::time_point since;
};

struct Instance {
  std::uint64_t id = 0;
  std::string name = random_hex(12);  // in its log
  std::unique_ptr<http::Client> client;
  std::unique_ptr<LogPipe> log;
  std::string last_words;
  std::size_t candidate = 0;  // of the interpreters
  std::filesystem::path tmp;
  pid_t pid = -1;
  int in_flight = 0;
  bool ready = false;
  bool retired = false;
  Clock::time_point started_at = {};
  Clock::time_point idle_since = {};
  std::unique_ptr<http::EventLoop::Timer> timer;
};

struct Group {
  std::shared_ptr<const Revision> revision;
  std::vector<std::shared_ptr<Instance>> instances;
  std::deque<Waiting> waiting;
  std::vector<std::function<void(Result<void>)>> trials;
  std::size_t working_candidate = 0;  // of the interpreters: those before it are other versions
};

}  // namespace

struct Instances::Impl : std::enable_shared_from_this<Instances::Impl> {
  Impl(http::EventLoop& its_loop, InstancesOptions with, ReadyCode code, RunLog where)
      : loop(its_loop), options(std::move(with)), ready_code(std::move(code)), log(std::move(where)) {}

  http::EventLoop& loop;
  const InstancesOptions options;
  const ReadyCode ready_code;
  const RunLog log;
  Scratch scratch;  // claimed when there is something to start
  std::unique_ptr<Supervisor> supervisor;
  std::map<std::string, Group> groups;  // by the revision's service and name
  std::uint64_t next_id = 1;
  std::unique_ptr<http::EventLoop::Timer> sweeper;
  bool closed = false;

  static std::string key_of(const Revision& revision) { return revision.service + "\n" + revision.name; }

  Group& group_of(const std::shared_ptr<const Revision>& revision) {
    auto& group = groups[key_of(*revision)];
    group.revision = revision;
    return group;
  }

  Result<void> prepare() {
    if (supervisor) return {};
    if (scratch.path().empty()) {
      auto claimed = Scratch::claim(options.scratch);
      if (!claimed) return tl::unexpected(claimed.error());
      scratch = std::move(*claimed);
    }
    auto launched = Supervisor::launch(options.scratch, Supervisor::Mounts::never);
    if (!launched) return tl::unexpected(launched.error());
    supervisor = std::move(*launched);
    supervisor->attach(loop, [this](const std::string&) { lose_all(); });
    return {};
  }

  // The supervisor was killed, and every instance with it: their requests end by their connections' end.
  void lose_all() {
    auto lost = std::make_shared<std::unique_ptr<Supervisor>>(std::move(supervisor));
    loop.post([lost] { lost->reset(); });
  }

  void call(const std::shared_ptr<const Revision>& revision, http::Request request,
            std::function<void(http::Response)> done) {
    auto& group = group_of(revision);
    group.waiting.push_back({std::move(request), std::move(done), Clock::now()});
    pump(group);
    arm_sweeper();
  }

  void try_out(const std::shared_ptr<const Revision>& revision, std::function<void(Result<void>)> done) {
    auto& group = group_of(revision);
    if (std::ranges::any_of(group.instances, [](const auto& one) { return one->ready; })) return done({});
    group.trials.push_back(std::move(done));
    if (group.instances.empty()) start(group);
    arm_sweeper();
  }

  void pump(Group& group) {
    const int concurrency = group.revision->concurrency;
    while (!group.waiting.empty()) {
      const auto free = std::ranges::find_if(group.instances, [&](const auto& one) {
        return one->ready && !one->retired && one->in_flight < concurrency;
      });
      if (free == group.instances.end()) break;
      Waiting next = std::move(group.waiting.front());
      group.waiting.pop_front();
      send(group, *free, std::move(next));
    }
    const auto coming = static_cast<std::size_t>(
        std::ranges::count_if(group.instances, [](const auto& one) { return !one->ready; }));
    const auto wanted = (group.waiting.size() + static_cast<std::size_t>(concurrency) - 1) /
                        static_cast<std::size_t>(concurrency);
    for (auto more = coming; more < std::min(wanted, coming_max) &&
                             group.instances.size() < static_cast<std::size_t>(group.revision->instances_max);
         ++more)
      start(group);
  }

  void send(Group& group, const std::shared_ptr<Instance>& instance, Waiting next) {
    ++instance->in_flight;
    const auto passed = std::make_shared<PassedAnswer>(std::move(next.done));
    next.request.reader = passed;
    auto done = [weak = weak_from_this(), key = key_of(*group.revision), id = instance->id,
                 passed](http::Answer answer) {
      const auto self = weak.lock();
      const auto still =
          answer || answer.error().error.kind != ErrorKind::network ? Serving::yes : Serving::no;
      passed->end(std::move(answer));
      if (self) self->answered(key, id, still);
    };
    instance->client->send(std::move(next.request), group.revision->timeout, std::move(done));
  }

  std::shared_ptr<Instance> find(Group& group, std::uint64_t id) {
    const auto found = std::ranges::find_if(group.instances, [&](const auto& one) { return one->id == id; });
    return found == group.instances.end() ? nullptr : *found;
  }

  // One that breaks a connection has ended, or is about to: nobody else is to meet it until that is known.
  enum class Serving { yes, no };
  void answered(const std::string& key, std::uint64_t id, Serving still) {
    const auto found = groups.find(key);
    if (found == groups.end()) return;
    if (const auto instance = find(found->second, id)) {
      --instance->in_flight;
      instance->idle_since = Clock::now();
      if (still == Serving::no) instance->retired = true;
      if (instance->retired && instance->in_flight == 0) end(*instance);
    }
    pump(found->second);
  }

  // Its place in the group is taken at once; whatever goes wrong is told by failed_to_start().
  void start(Group& group) {
    auto instance = std::make_shared<Instance>();
    instance->id = next_id++;
    instance->candidate = group.working_candidate;
    instance->started_at = Clock::now();
    group.instances.push_back(instance);
    launch(group, instance);
  }

  void launch(Group& group, const std::shared_ptr<Instance>& instance) {
    const auto& revision = group.revision;
    const std::string key = key_of(*revision);
    const auto refuse = [&](std::string why) {
      loop.post([weak = weak_from_this(), key, id = instance->id, why = std::move(why)] {
        if (const auto self = weak.lock()) self->failed_to_start(key, id, why);
      });
    };
    if (auto ready = prepare(); !ready) return refuse(ready.error().message);
    if (auto ready = ready_code(*revision); !ready) return refuse(ready.error().message);
    Spawn spawn;
    if (instance->tmp.empty()) {
      auto tmp = scratch.make_tmp();
      if (!tmp) return refuse(tmp.error().message);
      instance->tmp = std::move(*tmp);
    }
    const auto candidates = interpreter_candidates(revision->python, options.environment, options.python);
    if (auto why = describe_container(*revision, instance->tmp, candidates, instance->candidate, spawn);
        !why.empty())
      return refuse(why);
    const std::string socket = "lambdapool-" + random_uuid();
    Descriptor listening = listening_socket(socket);
    if (!listening) return refuse(std::string("no socket could be made: ") + std::strerror(errno));
    instance->log = std::make_unique<LogPipe>(loop, [this, revision, one = instance.get()](auto lines) {
      one->last_words.append(lines);
      if (one->last_words.size() > words_kept) one->last_words.erase(0, one->last_words.size() - words_kept);
      log(*revision, one->name, lines);
    });
    Descriptor output = instance->log->take_write_end();
    spawn.output = output.get();
    spawn.channel = listening.get();
    http::ClientOptions client;
    client.endpoint.scheme = http::Endpoint::Scheme::unix_socket;
    client.endpoint.path = "@" + socket;
    client.max_connections = static_cast<std::size_t>(revision->concurrency);
    instance->client = std::make_unique<http::Client>(loop, std::move(client));
    supervisor->spawn(spawn, events_of(key, instance->id));
    probe(key, *instance);
  }

  ProcessEvents events_of(const std::string& key, std::uint64_t id) {
    const auto with = [weak = weak_from_this(), key, id](auto work) {
      return [weak, key, id, work](const auto&... given) {
        if (const auto self = weak.lock()) work(*self, key, id, given...);
      };
    };
    ProcessEvents events;
    events.started =
        with([](Impl& self, const auto& of, auto its, pid_t pid) { self.started(of, its, pid); });
    events.failed = with([](Impl& self, const auto& of, auto its, const std::string& why) {
      self.failed_to_start(of, its, why);
    });
    events.exited = with([](Impl& self, const auto& of, auto its, int status, std::uint64_t) {
      self.exited(of, its, status);
    });
    events.lost = with([](Impl& self, const auto& of, auto its, const std::string& why) {
      self.failed_to_start(of, its, why);
    });
    return events;
  }

  void started(const std::string& key, std::uint64_t id, pid_t pid) {
    const auto found = groups.find(key);
    const auto instance = found == groups.end() ? nullptr : find(found->second, id);
    if (!instance) return supervisor->kill(pid);
    instance->pid = pid;
  }

  // Cloud Run's start-up probe, with HTTP: it is ready when it answers anything.
  void probe(const std::string& key, Instance& instance) {
    instance.client->send({"GET", "/"}, options.start_timeout,
                          [weak = weak_from_this(), key, id = instance.id](const http::Answer& answer) {
                            if (const auto self = weak.lock(); self && answer) self->came_up(key, id);
                          });
  }

  void came_up(const std::string& key, std::uint64_t id) {
    const auto found = groups.find(key);
    const auto instance = found == groups.end() ? nullptr : find(found->second, id);
    if (!instance) return;
    instance->ready = true;
    instance->idle_since = Clock::now();
    found->second.working_candidate = instance->candidate;
    for (const auto& told : std::exchange(found->second.trials, {})) told({});
    pump(found->second);
  }

  void exited(const std::string& key, std::uint64_t id, int status) {
    const auto found = groups.find(key);
    const auto instance = found == groups.end() ? nullptr : find(found->second, id);
    if (!instance) return;
    if (!instance->ready && WIFEXITED(status) && WEXITSTATUS(status) == other_python) {
      ++instance->candidate;
      instance->client.reset();
      instance->pid = -1;
      return launch(found->second, instance);
    }
    if (!instance->ready) return failed_to_start(key, id, how_it_ended(status) + " before it listened");
    remove(found->second, id);
    pump(found->second);
  }

  void failed_to_start(const std::string& key, std::uint64_t id, const std::string& why) {
    const auto found = groups.find(key);
    const auto instance = found == groups.end() ? nullptr : find(found->second, id);
    if (!instance) return;
    auto& group = found->second;
    if (instance->log) instance->log->take();
    const std::string words = instance->last_words;
    log(*group.revision, instance->name, "Container failed to start: " + why + ".\n");
    remove(group, id);
    if (!group.instances.empty()) return;  // another may still come up
    const Error error{ErrorKind::service,
                      "Container failed to start. Failed to start and then listen on the port defined by the "
                      "PORT environment variable: " +
                          why};
    for (const auto& told : std::exchange(group.trials, {})) told(tl::unexpected(error));
    for (auto& waiting : std::exchange(group.waiting, {}))
      waiting.done(not_run(503, error.message + (words.empty() ? "" : "; it said: " + words)));
  }

  // Its client is let go of outside its own callbacks.
  void remove(Group& group, std::uint64_t id) {
    const auto found = std::ranges::find_if(group.instances, [&](const auto& one) { return one->id == id; });
    if (found == group.instances.end()) return;
    if ((*found)->log) (*found)->log->take();  // what it has said last
    if (!(*found)->tmp.empty()) Scratch::remove_tmp((*found)->tmp);
    loop.post([gone = std::move(*found)] {});
    group.instances.erase(found);
  }

  void end(const Instance& instance) const {
    if (supervisor && instance.pid > 0) supervisor->kill(instance.pid);
  }

  void retire(const std::string& service, const std::set<std::string>& kept) {
    for (auto& [key, group] : groups) {
      if (group.revision->service != service || kept.contains(group.revision->name)) continue;
      if (!group.trials.empty()) continue;  // it is about to get the service's requests
      for (const auto& instance : group.instances) {
        instance->retired = true;
        if (instance->in_flight == 0) end(*instance);
      }
    }
  }

  // Looks after what time alone changes: requests that have waited long enough, instances that are idle.
  void arm_sweeper() {
    if (sweeper || closed) return;
    sweeper = loop.call_after(500ms, [this] {
      sweeper.reset();
      sweep(Clock::now());
      if (!groups.empty()) arm_sweeper();
    });
  }

  void sweep(Clock::time_point now) {
    for (auto& [key, group] : groups) {
      while (!group.waiting.empty() && now - group.waiting.front().since > options.queue_timeout &&
             std::ranges::all_of(group.instances, [](const auto& one) { return one->ready; })) {
        auto late = std::move(group.waiting.front());
        group.waiting.pop_front();
        late.done(platform_answer(429, "Rate exceeded."));
      }
      for (const auto& instance : group.instances) {
        if (instance->ready && instance->in_flight == 0 && now - instance->idle_since > options.idle_timeout)
          end(*instance);
        if (!instance->ready && now - instance->started_at > options.start_timeout) end(*instance);
      }
    }
    std::erase_if(groups, [](const auto& each) {
      return each.second.instances.empty() && each.second.waiting.empty() && each.second.trials.empty();
    });
  }

  void close() {
    closed = true;
    sweeper.reset();
    std::exchange(groups, {}).clear();  // whose requests end now, and find no group any more
    supervisor.reset();
    scratch.remove();
  }
};

http::Response not_run(int status, const std::string& text) {
  auto answer = platform_answer(status, text.empty() ? "Service Unavailable" : text);
  answer.headers.set("X-Lambdapool-Not-Run", "1");
  return answer;
}

Instances::Instances(http::EventLoop& loop, InstancesOptions options, ReadyCode ready_code, RunLog log)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(ready_code), std::move(log))) {}

Instances::~Instances() {
  impl_->loop.run([&] { impl_->close(); });
}

void Instances::call(std::shared_ptr<const Revision> revision, http::Request request,
                     std::function<void(http::Response)> done) {
  impl_->call(revision, std::move(request), std::move(done));
}

void Instances::try_out(std::shared_ptr<const Revision> revision, std::function<void(Result<void>)> done) {
  impl_->try_out(revision, std::move(done));
}

void Instances::retire(const std::string& service, const std::set<std::string>& kept_revisions) {
  impl_->retire(service, kept_revisions);
}

void Instances::close_in_fork() { impl_->scratch.close_in_fork(); }

}  // namespace lambdapool::local::run

// The part of a worker's processes that there is only with extensions.
#include <signal.h>

#include "local/worker/worker_process.hpp"

namespace lambdapool::local {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Lambda's: internal extensions alone get less, and of the whole the runtime gets a part.
constexpr milliseconds all_with_external{2'000}, runtimes_with_external{600}, runtimes_without{500};

}  // namespace

std::vector<pid_t> WorkerProcess::pids() const {
  auto pids = extensions_ ? extensions_->pids() : std::vector<pid_t>();
  if (pid_ > 0 && !exit_) pids.push_back(pid_);
  return pids;
}

void WorkerProcess::start_extensions() {
  const auto weak = weak_from_this();
  ExtensionProcesses::Events events;
  events.started = [weak](pid_t pid) {
    const auto self = weak.lock();
    if (!self || self->released_) return;
    if (self->cgroup_) self->cgroup_->enclose(pid);
    self->note_begun();
  };
  events.failed = [weak](const std::string& name, InvocationError why) {
    const auto self = weak.lock();
    if (!self) return;
    self->parts_.loop.post([weak, name, why = std::move(why)] {
      const auto still = weak.lock();
      if (still && !still->released_) still->events_.extension_failed(name, why);
    });
  };
  events.all_gone = [weak] {
    const auto self = weak.lock();
    if (self && (self->exit_ || !self->runtime_started_)) self->report_exit();
  };
  extensions_ = std::make_shared<ExtensionProcesses>(parts_.loop, parts_.supervisor, extension_names_,
                                                     std::move(events));
  const Descriptor output = log_->copy_write_end();
  const auto describe = [this](const std::string& name, const std::string& runtime_api) {
    return extension_spawn(name, runtime_api);
  };
  if (!output || !extensions_->start(describe, api_.handler, output.get()))
    fail({"Extension.LaunchError", std::string("could not start the extensions: ") + system_reason(errno)});
}

Spawn WorkerProcess::extension_spawn(const std::string& name, const std::string& runtime_api) const {
  const bool mounted = parts_.supervisor.root() != Supervisor::Root::none;
  WorkerSetting setting = environment_setting(mounted);
  setting.own_runtime = false;
  setting.runtime_api = runtime_api;
  Spawn spawn;
  spawn.arguments = {setting.opt + "/extensions/" + name};
  spawn.environment = as_strings(extension_environment(worker_environment(*setting_.function, setting)));
  spawn.directory = "/";
  spawn.in_root = mounted;
  spawn.root = {setting_.function->code, setting_.opt, setting_.slot.tmp};
  return spawn;
}

void WorkerProcess::shut_down(std::string_view reason) {
  if (kill_wanted_) return;
  kill_wanted_ = true;
  end_reason_ = reason;
  end_at_ = Clock::now() + all_with_external;
  if (!runtime_started_ || exit_) {
    // Not at once: whoever asks for this is in the middle of deciding.
    return parts_.loop.post([self = shared_from_this()] { self->end_extensions(); });
  }
  if (pid_ <= 0) return;  // it is killed as soon as it is there
  parts_.supervisor.terminate(pid_);
  end_timer_ = parts_.loop.call_after(extensions_ ? runtimes_with_external : runtimes_without,
                                      [this] { parts_.supervisor.kill(pid_); });
}

void WorkerProcess::end_extensions() {
  if (released_) return;
  end_timer_.reset();
  if (!extensions_ || extensions_->gone()) return report_exit();
  const auto left = std::chrono::duration_cast<milliseconds>(end_at_ - Clock::now());
  const auto wall = std::chrono::system_clock::now().time_since_epoch() + left;
  const auto deadline_ms = std::chrono::duration_cast<milliseconds>(wall).count();
  extensions_->end([&](const std::string& name) {
    return !end_reason_.empty() && events_.tell_end(name, end_reason_, deadline_ms);
  });
  end_timer_ = parts_.loop.call_after(std::max(left, milliseconds(0)), [this] { extensions_->kill(); });
}

void WorkerProcess::report_exit() {
  if (!released_) events_.exited(exit_.value_or(Exit{SIGKILL}));
}

}  // namespace lambdapool::local

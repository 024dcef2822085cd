#include "local/worker/machine.hpp"

namespace lambdapool::local {
namespace {

constexpr int launches_max = 3;

}  // namespace

Result<void> Machine::make() {
  if (!claimed_) {
    auto scratch = Scratch::claim(options_.scratch);
    if (!scratch) return tl::unexpected(scratch.error());
    scratch_ = std::move(*scratch);
    claimed_ = true;
  }
  if (!supervisor_) {
    const auto mounts = options_.mounts ? Supervisor::Mounts::where_allowed : Supervisor::Mounts::never;
    const auto shared_memory =
        options_.shared_memory ? Supervisor::SharedMemory::kept : Supervisor::SharedMemory::hidden;
    auto supervisor = Supervisor::launch(scratch_.path(), mounts, shared_memory);
    for (int again = 1; !supervisor && again < launches_max; ++again) {
      supervisor =
          Supervisor::launch(scratch_.path(), mounts, shared_memory);  // it may have been killed at once
    }
    if (!supervisor) return tl::unexpected(supervisor.error());
    supervisor_ = std::move(*supervisor);
  }
  return {};
}

MemoryLimits& Machine::memory_limits() {
  if (!memory_) memory_ = MemoryLimits::probe(supervisor_->pid(), options_.cgroups);
  return *memory_;
}

MemoryLimits& Machine::memory() {
  const std::lock_guard lock(making_);
  return memory_limits();
}

Result<void> Machine::prepare() {
  if (attached_) return {};
  const std::lock_guard lock(making_);
  try {
    if (auto made = make(); !made) return made;
    supervisor_->attach(loop_, [this](const std::string& why) { on_supervisor_lost(why); });
  } catch (const std::exception& failure) {
    return fail(ErrorKind::io, "The local Lambda cannot start workers: " + reason_of(failure));
  }
  attached_ = true;
  return {};
}

// Somebody killed it, and with it every worker; each is about to be reported, and then the old parts can
// go. The next invocation starts anew.
void Machine::on_supervisor_lost(const std::string& why) {
  struct Remains {
    std::unique_ptr<Supervisor> supervisor;
    std::map<std::string, std::unique_ptr<PythonForkServer>> python;
  };
  attached_ = false;
  auto remains = std::make_shared<Remains>();
  {
    const std::lock_guard lock(making_);
    *remains = {std::move(supervisor_), std::move(python_)};
    python_.clear();
  }
  for (const auto& [version, server] : remains->python) server->lose(why);
  loop_.post([remains]() mutable { remains.reset(); });
}

PythonForkServer& Machine::python(const std::string& version) {
  auto& server = python_[version];
  if (!server) {
    PythonForkServer::Options options{
        version,      options_.environment, options_.python,     scratch_.path(),
        options_.sdk, options_.compiled,    options_.init_limit, options_.idle_timeout};
    server = std::make_unique<PythonForkServer>(loop_, *supervisor_, std::move(options));
  }
  return *server;
}

void Machine::retire(const std::string& key) {
  for (const auto& [version, server] : python_) server->retire(key + "\n");
}

std::string Machine::isolation() {
  const std::lock_guard lock(making_);
  if (auto made = make(); !made) return "none: " + made.error().message;
  std::string memory = "memory by watching resident size";
  const auto kind = memory_limits().kind();
  if (kind == MemoryLimits::Kind::cgroup_v2) memory = "memory by cgroup v2";
  if (kind == MemoryLimits::Kind::cgroup_v1) memory = "memory by cgroup v1";
  std::string files = "files in place (no mount namespaces here), TMPDIR private";
  if (supervisor_->root() == Supervisor::Root::as_root) {
    files = "own /var/task, /opt and /tmp in a mount namespace";
  }
  if (supervisor_->root() == Supervisor::Root::user_namespace) {
    files = "own /var/task, /opt and /tmp in a user and mount namespace";
  }
  files += std::string(", ") + shared_memory_as_seen();
  return memory + "; processes by killing the worker's whole tree; " + files + "; size of /tmp not limited";
}

// Lambda has no /dev/shm: what works with it here fails there.
const char* Machine::shared_memory_as_seen() const {
  if (supervisor_->root() != Supervisor::Root::none && !options_.shared_memory)
    return "no /dev/shm (as on Lambda)";
  return "the host's /dev/shm (Lambda has none: multiprocessing.Queue, Pool and SharedMemory fail there)";
}

void Machine::stop() {
  python_.clear();
  supervisor_.reset();
  memory_.reset();
  scratch_.remove();
}

}  // namespace lambdapool::local

#include "target/local_lambda.hpp"

#include <pthread.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "local/private_socket.hpp"

namespace lambdapool::target {
namespace {

Result<std::shared_ptr<LocalLambda>> start(const LocalLambdaOptions& options,
                                           std::optional<std::uint16_t> port) {
  auto made = std::make_shared<LocalLambda>();
  made->identity = {.access_key_id = "LOCAL" + random_hex(8), .secret_access_key = random_hex(20)};
  made->token = random_hex(20);
  made->region = options.region;
  auto service = local::Service::start({.home = options.home,
                                        .port = port,
                                        .identity = made->identity,
                                        .token = made->token,
                                        .region = options.region,
                                        .environment = options.environment,
                                        .python = options.python});
  if (!service) return tl::unexpected(std::move(service.error()));
  made->service = std::move(*service);
  return made;
}

// Whether a process has ended or is about to. Its sockets may take connections for some time then, which lead
// nowhere.
bool is_ending(pid_t process) {
  constexpr unsigned long exiting = 0x4;  // PF_EXITING of the kernel's sched.h
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return true;
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string state, skipped;
  unsigned long flags = 0;
  fields >> state;
  for (int i = 0; i < 5; ++i) fields >> skipped;  // ppid, pgrp, session, tty_nr, tpgid
  return !(fields >> flags) || (flags & exiting) != 0 || state == "Z";
}

// A child after fork() shares its parent's, over the wire, so that the children of a prefork server share
// workers; where that has ended, it has one of its own.
class Registry {
 public:
  Result<std::shared_ptr<LocalLambda>> find_or_start(const LocalLambdaOptions& options) {
    const std::lock_guard lock(mutex_);
    auto& entry = embedded_[options.home.string()];
    if (auto running = entry.lock()) {
      const bool own = running->owner == ::getpid();
      if (own || (!is_ending(running->owner) && !local::is_deserted(running->service->endpoint().path)))
        return running;
    }
    auto started = start(options, {});
    if (started) entry = *started;
    return started;
  }

  Result<std::shared_ptr<LocalLambda>> serve(const LocalLambdaOptions& options) {
    const std::lock_guard lock(mutex_);
    auto started = start(options, std::uint16_t{0});
    if (started) {
      std::erase_if(served_, [](const auto& entry) { return entry.expired(); });
      served_.push_back(*started);
    }
    return started;
  }

  void before_fork() {
    mutex_.lock();
    for (const auto& [home, entry] : embedded_) note(entry);
    for (const auto& entry : served_) note(entry);
    for (const auto& lambda : forked_) lambda->service->before_fork();
  }
  void after_fork_in_parent() {
    auto lambdas = std::exchange(forked_, {});
    for (const auto& lambda : lambdas) lambda->service->after_fork_in_parent();
    mutex_.unlock();
  }
  void after_fork_in_child() {
    for (const auto& lambda : forked_) lambda->service->after_fork_in_child();
    // Never to be destroyed: that would wait for threads that are the parent's.
    new std::vector(std::exchange(forked_, {}));
    mutex_.unlock();
  }

 private:
  void note(const std::weak_ptr<LocalLambda>& entry) {
    auto lambda = entry.lock();
    if (lambda && lambda->owner == ::getpid()) forked_.push_back(std::move(lambda));
  }

  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<LocalLambda>> embedded_;  // by their homes
  std::vector<std::weak_ptr<LocalLambda>> served_;
  std::vector<std::shared_ptr<LocalLambda>> forked_;  // those that a fork under way has stopped
};

// Never destroyed: a pool that outlives main() may still look in here.
Registry& registry() {
  static Registry* const only = [] {
    static Registry* made = new Registry;
    ::pthread_atfork([] { made->before_fork(); }, [] { made->after_fork_in_parent(); },
                     [] { made->after_fork_in_child(); });
    return made;
  }();
  return *only;
}

}  // namespace

Result<std::shared_ptr<LocalLambda>> embedded_local_lambda(const LocalLambdaOptions& options) {
  return registry().find_or_start(options);
}

Result<std::shared_ptr<LocalLambda>> serve_local_lambda(const LocalLambdaOptions& options) {
  return registry().serve(options);
}

}  // namespace lambdapool::target

#include "target/identities.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace lambdapool::target {
namespace {

constexpr std::chrono::milliseconds asking_interval{100};

// With the embedded local Lambdas (target.cpp) the only process-wide state in the project.
class Identities {
 public:
  struct Entry {
    std::mutex mutex;
    std::condition_variable changed;
    bool asking = false;  // somebody asks the source, and the others wait for its answer
    std::weak_ptr<identity::Provider> provider;
  };

  std::shared_ptr<Entry> entry(const std::string& key) {
    std::lock_guard lock(mutex_);
    std::erase_if(entries_,
                  [](const auto& other) { return other.second.use_count() == 1 && is_over(*other.second); });
    auto& entry = entries_[key];
    if (!entry) entry = std::make_shared<Entry>();
    return entry;
  }

  void before_fork() { mutex_.lock(); }
  void after_fork_in_parent() { mutex_.unlock(); }
  // The threads that renew are the parent's, and so is whoever holds an entry's mutex: the child begins anew.
  void after_fork_in_child() {
    new std::map(std::exchange(entries_, {}));
    mutex_.unlock();
  }

 private:
  static bool is_over(Entry& entry) {
    const std::unique_lock held(entry.mutex, std::try_to_lock);
    return held && entry.provider.expired();
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

// Never destroyed: a pool that outlives main() may still look in here.
Identities& identities() {
  static Identities* const only = [] {
    static Identities* made = new Identities;
    ::pthread_atfork([] { made->before_fork(); }, [] { made->after_fork_in_parent(); },
                     [] { made->after_fork_in_child(); });
    return made;
  }();
  return *only;
}

// Everything that may decide who it is. Stays in memory, like the secrets in it.
std::string key_of(const identity::FetchOptions& options) {
  std::string key;
  const auto add = [&key](const std::string& text) { key += std::to_string(text.size()) + ":" + text; };
  for (const auto& given : {options.given.access_key_id, options.given.secret_access_key,
                            options.given.session_token, options.given.profile, options.given.region})
    add(given ? "=" + *given : "");
  for (const auto& [name, value] : options.environment.all()) {
    add(name);
    add(value);
  }
  return key;
}

// A renewal happens behind the user's back, and when whoever began has gone.
identity::FetchOptions for_renewals(identity::FetchOptions options) {
  options.give_up = nullptr;
  options.ask = [](const std::string&) -> Result<std::string> {
    return fail(ErrorKind::credentials, "the session that was begun with one has come to its end");
  };
  return options;
}

// To ask the source. Begins with the entry's mutex held, and lets the others on however it ends.
class Turn {
 public:
  explicit Turn(Identities::Entry& entry) : entry_(entry) { entry_.asking = true; }
  ~Turn() {
    const std::lock_guard lock(entry_.mutex);
    entry_.asking = false;
    entry_.changed.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Identities::Entry& entry_;
};

Result<std::shared_ptr<identity::Provider>> open(const identity::FetchOptions& options) {
  auto first = identity::SourceFetcher(options).fetch();
  if (!first) return tl::unexpected(std::move(first.error()));
  auto fetcher = std::make_unique<identity::SourceFetcher>(for_renewals(options));
  return std::make_shared<identity::Provider>(*std::move(first), std::move(fetcher), options.clock);
}

}  // namespace

Result<std::shared_ptr<identity::Provider>> find_or_open(const identity::FetchOptions& options) {
  const auto entry = identities().entry(key_of(options));
  std::unique_lock lock(entry->mutex);
  while (entry->asking) {
    entry->changed.wait_for(lock, asking_interval);
    lock.unlock();
    if (options.give_up && options.give_up())
      return fail(ErrorKind::cancelled, "cancelled while another thread was asking for credentials");
    lock.lock();
  }
  if (auto provider = entry->provider.lock()) return provider;
  const Turn turn(*entry);
  lock.unlock();
  auto opened = open(options);
  lock.lock();
  if (opened) entry->provider = *opened;
  lock.unlock();
  return opened;
}

}  // namespace lambdapool::target

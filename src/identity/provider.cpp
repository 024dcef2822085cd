#include "identity/provider.hpp"

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace lambdapool::identity {

namespace {

// Callers that are refused one after the other must not each ask a source that has just failed.
constexpr std::chrono::seconds failure_holds{5};

Error expired(const aws::Credentials& credentials) {
  return {ErrorKind::credentials,
          "the AWS credentials from " + credentials.source +
              " have expired and cannot be renewed from there; get new ones and try again"};
}

bool same_keys(const aws::Credentials& a, const aws::Credentials& b) {
  return a.identity.access_key_id == b.identity.access_key_id &&
         a.identity.secret_access_key == b.identity.secret_access_key &&
         a.identity.session_token == b.identity.session_token;
}

// A library's thread takes none of its program's signals.
std::thread start_without_signals(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread;
  try {
    thread = std::thread(std::move(work));
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

// Shared with the thread that renews, so that a waiter that drops the last Provider may do so on that thread.
struct Provider::State {
  State(aws::Credentials first, std::unique_ptr<Fetcher> source, Clock now)
      : fetcher(std::move(source)), clock(std::move(now)) {
    accept(std::move(first));
  }

  const std::unique_ptr<Fetcher> fetcher;  // null: fixed
  const Clock clock;

  std::mutex mutex;
  std::condition_variable changed;
  Snapshot snapshot;
  std::optional<Time> due;
  struct FailedRenewal {
    Error error;
    Time at;
  };
  std::optional<FailedRenewal> failure;
  bool renewing = false;
  bool stopped = false;
  std::vector<Then> waiters;
  std::thread thread;

  void accept(aws::Credentials credentials);
  void finish(Result<aws::Credentials> fetched);
  Result<aws::Credentials> fetch();
  static void tell(const std::vector<Then>& waiters, const Result<Snapshot>& result);
  void work();
};

// A bug, or too little memory, in a source costs the renewal and not the program.
Result<aws::Credentials> Provider::State::fetch() {
  try {
    return fetcher->fetch();
  } catch (const std::exception& bug) {
    return fail(ErrorKind::credentials,
                std::string("the AWS credentials could not be renewed: ") + bug.what());
  }
}

void Provider::State::tell(const std::vector<Then>& waiters, const Result<Snapshot>& result) {
  for (const auto& then : waiters) {
    try {
      then(result);
    } catch (const std::exception& bug) {
      std::fprintf(stderr, "lambdapool: internal error, please report it: %s\n", bug.what());
    }
  }
}

// All three with the mutex held (or not yet shared).
void Provider::State::accept(aws::Credentials credentials) {
  failure.reset();
  due.reset();
  if (fetcher && credentials.expires) due = refresh_at(clock(), *credentials.expires);
  if (snapshot && same_keys(*snapshot, credentials) && snapshot->expires == credentials.expires) return;
  snapshot = std::make_shared<const aws::Credentials>(std::move(credentials));
}

void Provider::State::finish(Result<aws::Credentials> fetched) {
  // The service has said that they are over, whatever the source believes.
  if (fetched && !waiters.empty() && same_keys(*fetched, *snapshot))
    fetched = tl::unexpected(expired(*snapshot));
  if (fetched) return accept(std::move(*fetched));
  failure = FailedRenewal{std::move(fetched.error()), clock()};
  if (snapshot->expires) due = retry_at(failure->at, *snapshot->expires);
}

void Provider::State::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return renewing || stopped; });
    if (stopped && waiters.empty()) return;
    lock.unlock();
    auto fetched = fetch();
    lock.lock();
    finish(std::move(fetched));
    Result<Snapshot> result = snapshot;
    if (stopped) {
      result = fail(ErrorKind::cancelled, "the call was cancelled before it was sent");
    } else if (failure) {
      result = tl::unexpected(failure->error);
    }
    const auto told = std::exchange(waiters, {});
    renewing = false;
    lock.unlock();
    tell(told, result);
    lock.lock();
  }
}

Provider::Provider(aws::Credentials fixed) : Provider(std::move(fixed), nullptr) {}

Provider::Provider(aws::Credentials first, std::unique_ptr<Fetcher> fetcher, Clock clock)
    : state_(std::make_shared<State>(std::move(first), std::move(fetcher), std::move(clock))) {}

Provider::~Provider() {
  std::unique_lock lock(state_->mutex);
  state_->stopped = true;
  auto thread = std::move(state_->thread);
  state_->changed.notify_all();
  lock.unlock();
  if (!thread.joinable()) return;
  state_->fetcher->stop();
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();
  } else {
    thread.join();
  }
}

// With the mutex held. Where there is no thread to be had, that is the failure of this renewal.
void Provider::begin() {
  try {
    if (!state_->thread.joinable())
      state_->thread = start_without_signals([state = state_] { state->work(); });
  } catch (const std::exception& failure) {
    return state_->finish(fail(ErrorKind::credentials,
                               std::string("the AWS credentials could not be renewed: ") + failure.what()));
  }
  state_->renewing = true;
  state_->changed.notify_all();
}

Snapshot Provider::current() {
  std::lock_guard lock(state_->mutex);
  if (state_->due && !state_->renewing && state_->clock() >= *state_->due) begin();
  return state_->snapshot;
}

void Provider::renew(const Snapshot& stale, Then then) {
  std::unique_lock lock(state_->mutex);
  std::optional<Result<Snapshot>> known;
  if (state_->snapshot != stale) {
    known = state_->snapshot;
  } else if (!state_->fetcher) {
    known = tl::unexpected(expired(*stale));
  } else if (!state_->renewing && state_->failure && state_->clock() - state_->failure->at < failure_holds) {
    known = tl::unexpected(state_->failure->error);
  } else {
    begin();
    if (state_->renewing) return state_->waiters.push_back(std::move(then));
    known = tl::unexpected(state_->failure->error);
  }
  lock.unlock();
  then(*std::move(known));
}

Result<Snapshot> Provider::renew(const Snapshot& stale) {
  std::promise<Result<Snapshot>> promise;
  renew(stale, [&](Result<Snapshot> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

}  // namespace lambdapool::identity

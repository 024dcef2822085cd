#include "identity/provider.hpp"

#include <condition_variable>
#include <cstdio>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "core/own_thread.hpp"

namespace lambdapool::identity {

namespace {

// Callers that are refused one after the other must not each ask a source that has just failed.
constexpr std::chrono::seconds failure_holds{5};

Error expired(const aws::Credentials& credentials) {
  return {ErrorKind::credentials,
          "the AWS credentials from " + credentials.source +
              " have expired and cannot be renewed from there; get new ones and try again"};
}

Error expired(const gcp::Token& token) {
  return {ErrorKind::credentials, "the token of " + token.source +
                                      " was refused, and there is no other; sign in again and try again"};
}

const char* name_of(const aws::Credentials*) { return "the AWS credentials"; }
const char* name_of(const gcp::Token*) { return "the token for Google Cloud"; }

bool same_keys(const gcp::Token& a, const gcp::Token& b) { return a.text == b.text; }

bool same_keys(const aws::Credentials& a, const aws::Credentials& b) {
  return a.identity.access_key_id == b.identity.access_key_id &&
         a.identity.secret_access_key == b.identity.secret_access_key &&
         a.identity.session_token == b.identity.session_token;
}

}  // namespace

// Shared with the thread that renews, so that a waiter that drops the last Provider may do so on that thread.
template <class Value>
struct ProviderOf<Value>::State {
  State(Value first, std::unique_ptr<FetcherOf<Value>> source, Clock now)
      : fetcher(std::move(source)), clock(std::move(now)) {
    accept(std::move(first));
  }

  const std::unique_ptr<FetcherOf<Value>> fetcher;  // null: fixed
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

  void accept(Value credentials);
  void finish(Result<Value> fetched);
  Result<Value> fetch();
  static void tell(const std::vector<Then>& waiters, const Result<Snapshot>& result);
  void work();
};

// A bug, or too little memory, in a source costs the renewal and not the program.
template <class Value>
Result<Value> ProviderOf<Value>::State::fetch() {
  try {
    return fetcher->fetch();
  } catch (const std::exception& bug) {
    return fail(ErrorKind::credentials, std::string(name_of(static_cast<const Value*>(nullptr))) +
                                            " could not be renewed: " + bug.what());
  }
}

template <class Value>
void ProviderOf<Value>::State::tell(const std::vector<Then>& waiters, const Result<Snapshot>& result) {
  for (const auto& then : waiters) {
    try {
      then(result);
    } catch (const std::exception& bug) {
      std::fprintf(stderr, "lambdapool: internal error, please report it: %s\n", bug.what());
    }
  }
}

// All three with the mutex held (or not yet shared).
template <class Value>
void ProviderOf<Value>::State::accept(Value credentials) {
  failure.reset();
  due.reset();
  if (fetcher && credentials.expires) due = refresh_at(clock(), *credentials.expires);
  if (snapshot && same_keys(*snapshot, credentials) && snapshot->expires == credentials.expires) return;
  snapshot = std::make_shared<const Value>(std::move(credentials));
}

template <class Value>
void ProviderOf<Value>::State::finish(Result<Value> fetched) {
  // The service has said that they are over, whatever the source believes.
  if (fetched && !waiters.empty() && same_keys(*fetched, *snapshot))
    fetched = tl::unexpected(expired(*snapshot));
  if (fetched) return accept(std::move(*fetched));
  failure = FailedRenewal{std::move(fetched.error()), clock()};
  if (snapshot->expires) due = retry_at(failure->at, *snapshot->expires);
}

template <class Value>
void ProviderOf<Value>::State::work() {
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

template <class Value>
ProviderOf<Value>::ProviderOf(Value fixed) : ProviderOf(std::move(fixed), nullptr) {}

template <class Value>
ProviderOf<Value>::ProviderOf(Value first, std::unique_ptr<FetcherOf<Value>> fetcher, Clock clock)
    : state_(std::make_shared<State>(std::move(first), std::move(fetcher), std::move(clock))) {}

template <class Value>
ProviderOf<Value>::~ProviderOf() {
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
template <class Value>
void ProviderOf<Value>::begin() {
  try {
    if (!state_->thread.joinable()) state_->thread = start_own_thread([state = state_] { state->work(); });
  } catch (const std::exception& failure) {
    return state_->finish(
        fail(ErrorKind::credentials, std::string(name_of(static_cast<const Value*>(nullptr))) +
                                         " could not be renewed: " + failure.what()));
  }
  state_->renewing = true;
  state_->changed.notify_all();
}

template <class Value>
typename ProviderOf<Value>::Snapshot ProviderOf<Value>::current() {
  std::lock_guard lock(state_->mutex);
  if (state_->due && !state_->renewing && state_->clock() >= *state_->due) begin();
  return state_->snapshot;
}

template <class Value>
void ProviderOf<Value>::renew(const Snapshot& stale, Then then) {
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

template <class Value>
Result<typename ProviderOf<Value>::Snapshot> ProviderOf<Value>::renew(const Snapshot& stale) {
  std::promise<Result<Snapshot>> promise;
  renew(stale, [&](Result<Snapshot> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

template class ProviderOf<aws::Credentials>;
template class ProviderOf<gcp::Token>;

}  // namespace lambdapool::identity

// One identity for all callers of a process: hands out the newest credentials, and renews them before they
// end.
//
// Whoever signs asks for current(), which never waits: it is a look under a mutex and at the clock. When the
// time has come, it sets off one renewal, on a thread of its own. renew() is for the case that the service
// has refused what current() said: however many callers were refused, there is one renewal, and a caller
// whose credentials are old already gets the new ones at once.
#pragma once

#include <functional>
#include <memory>

#include "aws/credentials/credentials.hpp"
#include "core/error.hpp"
#include "gcp/credentials/token.hpp"
#include "identity/refresh.hpp"

namespace lambdapool::identity {

// Asks the source anew; blocks. `stop` may be called from another thread and makes fetch() return soon.
template <class Value>
class FetcherOf {
 public:
  virtual ~FetcherOf() = default;
  virtual Result<Value> fetch() = 0;
  virtual void stop() = 0;
};

// Value: aws::Credentials or gcp::Token.
template <class Value>
class ProviderOf {
 public:
  using Snapshot = std::shared_ptr<const Value>;
  using Clock = std::function<Time()>;
  using Then = std::function<void(Result<Snapshot>)>;

  // Credentials that stay as they are.
  explicit ProviderOf(Value fixed);
  // `first` is what `fetcher` has found.
  ProviderOf(Value first, std::unique_ptr<FetcherOf<Value>> fetcher,
             Clock clock = std::chrono::system_clock::now);
  // Stops a renewal that is under way; its waiters hear of kind cancelled.
  ~ProviderOf();
  ProviderOf(const ProviderOf&) = delete;
  ProviderOf& operator=(const ProviderOf&) = delete;

  Snapshot current();

  // The service has refused `stale` as expired. `then` runs once, here or on another thread, with something
  // newer or with the reason why there is nothing (kind credentials for those that cannot be renewed).
  void renew(const Snapshot& stale, Then then);
  Result<Snapshot> renew(const Snapshot& stale);  // waits

 private:
  struct State;
  void begin();
  std::shared_ptr<State> state_;
};

using Fetcher = FetcherOf<aws::Credentials>;
using Provider = ProviderOf<aws::Credentials>;
using Snapshot = Provider::Snapshot;
using Tokens = ProviderOf<gcp::Token>;

}  // namespace lambdapool::identity

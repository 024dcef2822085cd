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
#include "identity/refresh.hpp"

namespace lambdapool::identity {

using Snapshot = std::shared_ptr<const aws::Credentials>;

// Asks the source anew; blocks. `stop` may be called from another thread and makes fetch() return soon.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  virtual Result<aws::Credentials> fetch() = 0;
  virtual void stop() = 0;
};

class Provider {
 public:
  using Clock = std::function<Time()>;
  using Then = std::function<void(Result<Snapshot>)>;

  // Credentials that stay as they are.
  explicit Provider(aws::Credentials fixed);
  // `first` is what `fetcher` has found.
  Provider(aws::Credentials first, std::unique_ptr<Fetcher> fetcher,
           Clock clock = std::chrono::system_clock::now);
  // Stops a renewal that is under way; its waiters hear of kind cancelled.
  ~Provider();
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

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

}  // namespace lambdapool::identity

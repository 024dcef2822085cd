// Single requests to services that are asked once an hour: each has a connection of its own, and is waited
// for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "core/error.hpp"
#include "http/client.hpp"
#include "http/message.hpp"

namespace lambdapool::identity {

struct Patience {
  std::chrono::milliseconds connect;
  std::chrono::milliseconds read;
};

class Exchange {
 public:
  enum class Route { as_configured, direct };  // direct: through no proxy

  // `connection` gives trust and proxies. `give_up` is asked ten times a second by whoever waits, on their
  // thread: yes is as good as stop().
  explicit Exchange(http::ClientOptions connection, std::function<bool()> give_up = {})
      : connection_(std::move(connection)), give_up_(std::move(give_up)) {}

  http::Answer send(const http::Endpoint& endpoint, http::Request request, Patience patience,
                    Route route = Route::as_configured);
  // False: stopped.
  bool pause(std::chrono::milliseconds delay);
  // From any thread: what waits ends now, with kind cancelled, and so does what comes later.
  void stop();
  bool is_given_up();

 private:
  using Clock = std::chrono::steady_clock;
  template <class Ready>
  bool wait(std::unique_lock<std::mutex>& lock, Clock::time_point deadline, Ready ready);

  const http::ClientOptions connection_;
  const std::function<bool()> give_up_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace lambdapool::identity

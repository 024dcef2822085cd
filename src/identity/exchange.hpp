// Single requests to services that are asked once an hour: each has a connection of its own, and is waited
// for.
#pragma once

#include <chrono>
#include <condition_variable>
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

  // `connection` gives trust and proxies.
  explicit Exchange(http::ClientOptions connection) : connection_(std::move(connection)) {}

  http::Answer send(const http::Endpoint& endpoint, http::Request request, Patience patience,
                    Route route = Route::as_configured);
  // False: stopped.
  bool pause(std::chrono::milliseconds delay);
  // From any thread: what waits ends now, with kind cancelled, and so does what comes later.
  void stop();
  bool stopped() const;

 private:
  const http::ClientOptions connection_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace lambdapool::identity

#include "identity/exchange.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "http/event_loop.hpp"

namespace lambdapool::identity {

http::Answer Exchange::send(const http::Endpoint& endpoint, http::Request request, Patience patience,
                            Route route) {
  auto options = connection_;
  options.endpoint = endpoint;
  options.max_connections = 1;
  options.connect_timeout = patience.connect;
  if (route == Route::direct) options.proxies = {};
  http::EventLoop loop(http::EventLoop::Signals::blocked);
  std::optional<http::Answer> answer;
  auto client = std::make_unique<http::Client>(loop, std::move(options));
  std::unique_lock lock(mutex_);
  if (!stopped_) {
    client->send(std::move(request), patience.read, [&](http::Answer got) {
      std::lock_guard answering(mutex_);
      if (!answer) answer = std::move(got);
      changed_.notify_all();
    });
    changed_.wait(lock, [&] { return answer || stopped_; });
  }
  if (!answer)
    answer = tl::unexpected(
        http::TransportError{http::TransportError::Reached::maybe,
                             {ErrorKind::cancelled, "cancelled while asking for credentials"}});
  lock.unlock();
  client.reset();  // what is still under way ends in `answering`, while `answer` is here
  return *std::move(answer);
}

bool Exchange::pause(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, delay, [this] { return stopped_; });
}

void Exchange::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Exchange::stopped() const {
  std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace lambdapool::identity

#include "identity/exchange.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "http/event_loop.hpp"

namespace lambdapool::identity {

namespace {

constexpr std::chrono::milliseconds asking_interval{100};

}  // namespace

// Whether it is ready; false at the deadline, or when it is given up.
template <class Ready>
bool Exchange::wait(std::unique_lock<std::mutex>& lock, Clock::time_point deadline, Ready ready) {
  while (!stopped_ && !ready()) {
    const auto now = Clock::now();
    if (now >= deadline) return false;
    changed_.wait_until(lock, std::min(deadline, now + asking_interval), [&] { return stopped_ || ready(); });
    lock.unlock();
    is_given_up();
    lock.lock();
  }
  return ready();
}

http::Answer Exchange::send(const http::Endpoint& endpoint, http::Request request, Patience patience,
                            Route route) {
  auto options = connection_;
  options.endpoint = endpoint;
  options.max_connections = 1;
  options.connect_timeout = patience.connect;
  if (route == Route::direct) options.proxies = {};
  http::EventLoop loop;
  std::optional<http::Answer> answer;
  auto client = std::make_unique<http::Client>(loop, std::move(options));
  const bool too_late = is_given_up();
  std::unique_lock lock(mutex_);
  if (!too_late) {
    client->send(std::move(request), patience.read, [&](http::Answer got) {
      std::lock_guard answering(mutex_);
      if (!answer) answer = std::move(got);
      changed_.notify_all();
    });
    wait(lock, Clock::time_point::max(), [&] { return answer.has_value(); });
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
  wait(lock, Clock::now() + delay, [] { return false; });
  return !stopped_;
}

bool Exchange::is_given_up() {
  std::unique_lock lock(mutex_);
  if (stopped_ || !give_up_) return stopped_;
  lock.unlock();
  const bool wanted = give_up_();
  lock.lock();
  stopped_ |= wanted;
  return stopped_;
}

void Exchange::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace lambdapool::identity

#include "http/helm.hpp"

#include <pthread.h>

#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "core/error.hpp"
#include "http/event_loop.hpp"

namespace lambdapool::http {
namespace {

// What runs on the loop needs room; threads that have little of it are made to be many.
constexpr std::size_t stack_at_least = 512 * 1024;

// To sleep and be woken takes longer, and no less of the processor, than to look so long for what comes soon:
// whoever has waited no longer than this the last time looks first.
constexpr std::chrono::microseconds looks_for{100};

bool has_several_processors() {
  static const bool several = std::thread::hardware_concurrency() > 1;
  return several;
}

bool has_roomy_stack() {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return false;
  std::size_t bytes = 0;
  ::pthread_attr_getstacksize(&attributes, &bytes);
  ::pthread_attr_destroy(&attributes);
  return bytes >= stack_at_least;
}

// An exception that a callback lets out is a bug. It costs what that callback was about, and not the program
// that this library is part of.
template <class Run>
bool guarded(Run run) {
  try {
    run();
    return true;
  } catch (const std::bad_alloc& none) {
    std::fprintf(stderr, "lambdapool: %s\n", reason_of(none).c_str());
    return false;
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "lambdapool: internal error, please report it: %s\n", bug.what());
    return false;
  }
}

}  // namespace

// Somebody's turn at the helm, after which the own thread is called unless nothing is left to be done.
class Helm::Leaving {
 public:
  explicit Leaving(Helm& helm) : helm_(helm) {}
  ~Leaving() {
    std::unique_lock lock(helm_.mutex_);
    helm_.leave(!nothing_left);
    const bool wanted = helm_.called_ || helm_.ended_;
    lock.unlock();
    if (wanted) helm_.changed_.notify_one();
  }
  bool nothing_left = false;

 private:
  Helm& helm_;
};

Helm::Helm(boost::asio::io_context& io) : io_(io), work_(io.get_executor()) {}

void Helm::serve() {
  std::unique_lock lock(mutex_);
  own_thread_ = std::this_thread::get_id();
  while (true) {
    if (!is_free()) {
      changed_.wait_for(lock, EventLoop::patience);
    } else if (ended_) {
      return;
    } else if (!called_ && Clock::now() < left_alone_until_) {
      changed_.wait_until(lock, left_alone_until_);
    } else {
      called_ = false;
      at_helm_ = own_thread_;
      is_waited_ = false;
      lock.unlock();
      while (!guarded([this] { io_.run(); })) {
      }
      lock.lock();
      leave(false);
    }
  }
}

void Helm::end() {
  std::unique_lock lock(mutex_);
  ended_ = true;
  io_.stop();
  lock.unlock();
  changed_.notify_one();
}

bool Helm::take(const std::function<void()>& begin, const std::function<bool()>& over,
                const std::function<bool()>& idle) {
  static thread_local const bool roomy = has_roomy_stack();
  std::unique_lock lock(mutex_);
  if (!roomy || !is_free() || called_ || ended_) return false;
  at_helm_ = std::this_thread::get_id();
  is_waited_ = true;
  lock.unlock();
  Leaving leaving(*this);
  begin();
  const auto begun = Clock::now(), end = begun + EventLoop::turn_max;
  if (last_turn_ < looks_for && has_several_processors()) {
    while (!over() && Clock::now() < begun + looks_for) guarded([this] { io_.poll_one(); });
  }
  while (!over() && !io_.stopped() && Clock::now() < end) guarded([&] { io_.run_one_until(end); });
  last_turn_ = Clock::now() - begun;
  leaving.nothing_left = over() && idle();
  return true;
}

void Helm::stand_back() {
  const std::lock_guard lock(mutex_);
  if (std::this_thread::get_id() == own_thread_) io_.stop();
}

// With the mutex held. What was posted before is seen here; who posts later sees that nobody is.
void Helm::leave(bool call) {
  at_helm_ = std::thread::id();
  left_alone_until_ = Clock::now() + EventLoop::patience;
  if (call || posted_ > 0) called_ = true;
  if (!ended_ && io_.stopped()) io_.restart();
}

void Helm::call() {
  std::unique_lock lock(mutex_);
  if (!is_free() || std::exchange(called_, true)) return;
  lock.unlock();
  changed_.notify_one();
}

}  // namespace lambdapool::http

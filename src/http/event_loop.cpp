#include "http/event_loop.hpp"

#include <openssl/crypto.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <future>

#include "core/own_thread.hpp"
#include "http/loop_impl.hpp"

namespace lambdapool::http {
namespace {

// A cancelled wait may already have its completion queued; the state outlives the handle until then.
struct TimerState {
  TimerState(asio::io_context& io, std::function<void()> then) : timer(io), work(std::move(then)) {}
  asio::steady_timer timer;
  std::function<void()> work;
};

class AsioTimer : public EventLoop::Timer {
 public:
  AsioTimer(asio::io_context& io, EventLoop::Clock::duration delay, std::function<void()> work)
      : state_(std::make_shared<TimerState>(io, std::move(work))) {
    state_->timer.expires_after(delay);
    state_->timer.async_wait([state = state_](boost::system::error_code) {
      auto then = std::move(state->work);
      state->work = nullptr;
      if (then) then();
    });
  }
  ~AsioTimer() override {
    state_->work = nullptr;
    state_->timer.cancel();
  }

 private:
  std::shared_ptr<TimerState> state_;
};

struct WatchState : std::enable_shared_from_this<WatchState> {
  WatchState(asio::io_context& io, int fd, std::function<void()> then)
      : descriptor(io), ready(std::move(then)) {
    boost::system::error_code error;
    descriptor.assign(fd, error);
  }
  void arm() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](boost::system::error_code error) {
                            if (self->stopped || error == asio::error::operation_aborted) return;
                            try {
                              self->ready();
                            } catch (...) {  // the helm tells; this goes on
                              if (!self->stopped && !error) self->arm();
                              throw;
                            }
                            if (!self->stopped && !error) self->arm();
                          });
  }
  asio::posix::stream_descriptor descriptor;
  std::function<void()> ready;
  bool stopped = false;
};

class AsioWatch : public EventLoop::Watch {
 public:
  explicit AsioWatch(std::shared_ptr<WatchState> state) : state_(std::move(state)) {}
  ~AsioWatch() override {
    state_->stopped = true;
    if (state_->descriptor.is_open()) state_->descriptor.release();
  }

 private:
  std::shared_ptr<WatchState> state_;
};

}  // namespace

void run_on(EventLoop::Impl& loop, const std::function<void()>& work) {
  if (loop.on_thread()) return work();
  std::promise<void> done;
  loop.post([&] {
    try {
      work();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());  // the one who waits gets it
    }
  });
  done.get_future().get();
}

EventLoop::EventLoop() : impl_(std::make_shared<Impl>()) {
  // exit() does not wait for the thread, which may be using what OpenSSL would free then. This comes too late
  // where the program has used OpenSSL before.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  impl_->thread = start_own_thread([impl = impl_] { impl->helm.serve(); });
}

EventLoop::~EventLoop() {
  impl_->helm.end();
  if (on_loop_thread()) {
    impl_->thread.detach();
  } else {
    impl_->thread.join();
  }
}

void EventLoop::run(const std::function<void()>& work) { run_on(*impl_, work); }

void EventLoop::post(std::function<void()> work) {
  auto held = impl_;  // the work may end the loop before this returns
  held->post(std::move(work));
}

bool EventLoop::on_loop_thread() const { return impl_->on_thread(); }

bool EventLoop::drive(const std::function<void()>& begin, const std::function<bool()>& over,
                      const std::function<bool()>& idle) {
  const auto held = impl_;  // as long as this thread is at its helm
  return held->helm.take(begin, over, idle);
}

bool EventLoop::is_driven() const { return impl_->helm.is_waited(); }

void EventLoop::stand_back() { impl_->helm.stand_back(); }

std::unique_ptr<EventLoop::Timer> EventLoop::call_after(Clock::duration delay, std::function<void()> work) {
  return std::make_unique<AsioTimer>(impl_->io, delay, std::move(work));
}

std::unique_ptr<EventLoop::Watch> EventLoop::watch_readable(int fd, std::function<void()> ready) {
  auto state = std::make_shared<WatchState>(impl_->io, fd, std::move(ready));
  state->arm();
  return std::make_unique<AsioWatch>(state);
}

}  // namespace lambdapool::http

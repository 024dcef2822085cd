// The engine gives the window's decisions hands: it signs, sends, reads answers and keeps the promises of
// engine.hpp. Its state is shared by the threads that submit and the I/O thread, under one mutex that is
// never held across a system call or a callback.
#include "pool/engine.hpp"

#include <algorithm>
#include <future>
#include <mutex>
#include <random>
#include <unordered_map>
#include <vector>

#include "aws/function_name.hpp"
#include "aws/signed_request.hpp"
#include "core/limits.hpp"
#include "core/retry.hpp"
#include "http/client.hpp"
#include "http/event_loop.hpp"
#include "pool/refusal.hpp"
#include "pool/window.hpp"

namespace lambdapool::pool {
namespace {

using Clock = std::chrono::steady_clock;
using Reached = http::TransportError::Reached;

constexpr int workers_max = 10'000;
// The function's own timeout always comes first; this much later something is wrong with the connection.
constexpr std::chrono::seconds read_margin{30};
// From here up, hashing a payload would hold up the other calls on the I/O thread.
constexpr std::size_t large_payload = 256 * 1'024;
// Lambda accepts signatures for five minutes. One made at submission is made anew after less.
constexpr std::chrono::minutes signature_life{3};

struct Call {
  http::Request request;  // only its body before it is first sent; the client has it while in flight
  Engine::Done done;
  std::chrono::system_clock::time_point signed_at = {};  // of a large payload
  identity::Snapshot signed_as = {};
  bool renewed = false;  // it has been refused as expired once
};

// Through which another thread reaches the loop, for as long as there is one.
class Gate {
 public:
  explicit Gate(http::EventLoop& loop) : loop_(&loop) {}
  void post(std::function<void()> work) {
    std::lock_guard lock(mutex_);
    if (loop_) loop_->post(std::move(work));
  }
  void close() {
    std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  http::EventLoop* loop_;
};

Error cancelled() { return {ErrorKind::cancelled, "the call was cancelled before it was sent"}; }

Error too_large(std::size_t size) {
  return {ErrorKind::payload_too_large,
          "the call's payload has " + std::to_string(size) + " bytes as JSON and Lambda accepts at most " +
              std::to_string(limits::request_payload_bytes_max) + "; pass less, or a reference to it"};
}

std::string words(std::chrono::milliseconds time) {
  return time < std::chrono::seconds(10) ? std::to_string(time.count()) + " ms"
                                         : std::to_string(time.count() / 1'000) + " s";
}

// Of a call that got no answer. Whoever reads it must know whether the function may have run.
Error describe(http::TransportError failure) {
  Error error = std::move(failure.error);
  if (error.kind == ErrorKind::timed_out) error.kind = ErrorKind::network;  // not the function's own timeout
  if (failure.reached == Reached::maybe && error.kind != ErrorKind::cancelled) {
    error.message += "; the function may have run, so the call was not sent again";
  }
  return error;
}

Window::Throttle throttle_reason(const Error& error) {
  bool rate = error.detail.find("RateLimitExceeded") != std::string::npos;
  return rate ? Window::Throttle::rate : Window::Throttle::concurrency;
}

std::function<double()> random_source() {
  std::random_device seed;
  return [engine = std::minstd_rand(seed())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

}  // namespace

struct Engine::Impl : std::enable_shared_from_this<Engine::Impl> {
  Impl(target::Target where, EngineOptions with);

  const target::Target target;
  const EngineOptions options;
  const std::string host;
  http::Request prototype;  // of every call, without its payload

  mutable std::mutex mutex;
  Window window;
  std::unordered_map<Id, Call> calls;
  std::vector<std::pair<Done, Error>> refused;  // ended without having been sent, to be told so
  Id last_id = 0;
  bool pump_posted = false;
  bool terminated = false;

  // On the I/O thread only.
  identity::Snapshot signing_as;
  sigv4::Signer signer;
  std::vector<Id> refused_as_expired;  // to be sent again when there are new credentials
  bool renewing = false;
  std::unique_ptr<http::EventLoop> loop;
  std::shared_ptr<Gate> gate;
  std::unique_ptr<http::EventLoop::Timer> timer;
  Clock::time_point timer_at = Clock::time_point::max();
  std::unique_ptr<http::Client> client;

  Id submit(std::string payload, Done done);
  bool cancel(Id id);
  void terminate();
  void terminate_on_loop();
  sigv4::Scope scope() const { return {target.region, "lambda"}; }

 private:
  void complete(http::Request& request) const;
  void post_pump();
  void pump();
  void tell_refused();
  void send(Id id, Call& call);
  void answered(Id id, http::Answer answer, http::Request request);
  std::optional<Error> consider_again(Id id, http::Request request, Error error,
                                      std::optional<Window::Throttle> why);
  bool send_with_new_credentials(Id id, http::Request& request);
  void renewed(Result<identity::Snapshot> result);
  void finish(Id id, Result<aws::Invoked> result);
  void set_timer(std::optional<Clock::time_point> wake);
};

Engine::Impl::Impl(target::Target where, EngineOptions with)
    : target(std::move(where)),
      options(std::move(with)),
      host(target.endpoint.host_header()),
      prototype(aws::invoke_request(options.function, {})),
      window(options.workers, options.throttle_deadline, random_source()),
      signing_as(target.provider->current()),
      signer(signing_as->identity, scope()),
      loop(std::make_unique<http::EventLoop>(http::EventLoop::Signals::blocked)),
      gate(std::make_shared<Gate>(*loop)) {
  prototype.headers.set("X-Amz-Log-Type", "Tail");
  http::ClientOptions client_options;
  client_options.endpoint = target.endpoint;
  client_options.max_connections = static_cast<std::size_t>(options.workers);
  client_options.ca_bundle = target.settings.ca_bundle;
  client_options.proxies = target.proxies;
  client = std::make_unique<http::Client>(*loop, std::move(client_options));
}

Engine::Id Engine::Impl::submit(std::string payload, Done done) {
  std::size_t size = payload.size();
  std::optional<Error> refusal;
  Call call{{}, std::move(done)};
  if (size > static_cast<std::size_t>(limits::request_payload_bytes_max)) {
    refusal = too_large(size);
  } else {
    call.request.body = std::move(payload);
    if (size >= large_payload) {
      complete(call.request);
      call.signed_at = std::chrono::system_clock::now();
      call.signed_as = target.provider->current();
      sigv4::Signer own(call.signed_as->identity, scope());
      aws::sign(call.request, own, host, call.signed_at);
    }
  }
  std::lock_guard lock(mutex);
  Id id = ++last_id;
  if (terminated && !refusal) refusal = cancelled();
  if (refusal) {
    refused.emplace_back(std::move(call.done), std::move(*refusal));
    post_pump();
    return id;
  }
  calls.emplace(id, std::move(call));
  window.submit(id);
  // A full window is pumped by the next completion.
  if (window.in_flight() < window.limit()) post_pump();
  return id;
}

bool Engine::Impl::cancel(Id id) {
  std::lock_guard lock(mutex);
  if (!window.cancel(id)) return false;
  refused.emplace_back(std::move(calls.at(id).done), cancelled());
  calls.erase(id);
  post_pump();
  return true;
}

void Engine::Impl::post_pump() {
  if (std::exchange(pump_posted, true)) return;
  loop->post([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->pump();
  });
}

// A queue of a million calls holds their payloads, not as many copies of the same headers.
void Engine::Impl::complete(http::Request& request) const {
  if (!request.headers.items().empty()) return;
  request.method = prototype.method;
  request.target = prototype.target;
  request.headers = prototype.headers;
}

// Sends what the window allows.
void Engine::Impl::pump() {
  std::unique_lock lock(mutex);
  pump_posted = false;
  while (!terminated && !renewing) {
    auto id = window.next(Clock::now());
    if (!id) break;
    Call& call = calls.at(*id);  // nobody else touches it while it is in flight
    lock.unlock();
    send(*id, call);
    lock.lock();
  }
  auto wake = terminated || renewing ? std::nullopt : window.wake_at(Clock::now());
  bool any_refused = !refused.empty();
  lock.unlock();
  set_timer(wake);
  if (any_refused) tell_refused();
}

void Engine::Impl::tell_refused() {
  std::unique_lock lock(mutex);
  auto told = std::exchange(refused, {});
  lock.unlock();
  for (auto& [done, error] : told) done(tl::unexpected(std::move(error)));
}

void Engine::Impl::send(Id id, Call& call) {
  complete(call.request);
  auto now = std::chrono::system_clock::now();
  auto newest = target.provider->current();
  if (newest != signing_as) {
    signer = sigv4::Signer(newest->identity, scope());
    signing_as = std::move(newest);
  }
  if (now - call.signed_at > signature_life || call.signed_as != signing_as) {
    call.signed_as = signing_as;
    if (call.request.body.size() >= large_payload) call.signed_at = now;
    aws::sign(call.request, signer, host, now);
  }
  client->send_returning(std::move(call.request), options.function_timeout + read_margin,
                         [this, id](http::Answer answer, http::Request request) {
                           answered(id, std::move(answer), std::move(request));
                         });
}

void Engine::Impl::answered(Id id, http::Answer answer, http::Request request) {
  if (!answer) {
    auto reached = answer.error().reached;
    bool network = answer.error().error.kind == ErrorKind::network;
    Error error = describe(std::move(answer.error()));
    if (reached == Reached::no && network) {
      auto final_error = consider_again(id, std::move(request), std::move(error), std::nullopt);
      if (final_error) finish(id, tl::unexpected(std::move(*final_error)));
      return;
    }
    return finish(id, tl::unexpected(std::move(error)));
  }
  int status = answer->status;
  auto result = aws::parse_invoke(std::move(*answer));
  if (!result) explain_refusal(result.error(), options.function, target.name, target.region);
  if (!result && aws::is_expired_token(result.error()) && send_with_new_credentials(id, request)) return;
  // Only the service's own refusals count: a function's error may have any name.
  if (!result && status >= 400 && retry::has_not_run(result.error())) {
    auto why = throttle_reason(result.error());
    auto final_error = consider_again(id, std::move(request), std::move(result.error()), why);
    if (final_error) finish(id, tl::unexpected(std::move(*final_error)));
    return;
  }
  if (!result && status >= 500)
    result.error().message += "; the function may have run, so the call was not sent again";
  finish(id, std::move(result));
}

// A call that has surely not run: it waits to be sent again, or comes back with the error to end with.
std::optional<Error> Engine::Impl::consider_again(Id id, http::Request request, Error error,
                                                  std::optional<Window::Throttle> why) {
  std::unique_lock lock(mutex);
  if (terminated) return cancelled();
  auto now = Clock::now();
  auto verdict = why ? window.throttled(id, *why, now) : window.not_reached(id, now);
  if (verdict == Window::Verdict::again) {
    calls.at(id).request = std::move(request);
    lock.unlock();
    pump();
    return {};
  }
  if (error.kind == ErrorKind::throttled) {
    error.message = "throttled for " + words(options.throttle_deadline) +
                    " without a call getting through: " + error.message +
                    "; use fewer workers, or raise the concurrency limit";
  }
  return error;
}

// Of a call that was refused because its credentials had expired. False: it ends with that refusal, because
// even new ones were refused.
bool Engine::Impl::send_with_new_credentials(Id id, http::Request& request) {
  std::unique_lock lock(mutex);
  Call& call = calls.at(id);
  if (terminated || std::exchange(call.renewed, true)) return false;
  call.request = std::move(request);
  const auto stale = call.signed_as;
  window.put_back(id, Clock::now());
  lock.unlock();
  refused_as_expired.push_back(id);
  if (std::exchange(renewing, true)) return true;
  target.provider->renew(stale, [weak = weak_from_this(), through = gate](Result<identity::Snapshot> result) {
    through->post([weak, result = std::move(result)] {
      if (auto self = weak.lock()) self->renewed(result);
    });
  });
  return true;
}

void Engine::Impl::renewed(Result<identity::Snapshot> result) {
  renewing = false;
  std::unique_lock lock(mutex);
  for (Id id : std::exchange(refused_as_expired, {})) {
    if (result || !window.cancel(id)) continue;
    refused.emplace_back(std::move(calls.extract(id).mapped().done), result.error());
  }
  lock.unlock();
  pump();
}

// Fills the window again before the caller hears of the result.
void Engine::Impl::finish(Id id, Result<aws::Invoked> result) {
  auto self = weak_from_this().lock();
  std::unique_lock lock(mutex);
  auto node = calls.extract(id);
  window.completed(id, Clock::now());
  bool ended = terminated;
  lock.unlock();
  if (!ended) pump();
  if (node) node.mapped().done(std::move(result));
}

void Engine::Impl::set_timer(std::optional<Clock::time_point> wake) {
  if (!wake || *wake >= timer_at) return;
  timer_at = *wake;
  timer = loop->call_after(*wake - Clock::now(), [this] {
    timer_at = Clock::time_point::max();
    auto self = weak_from_this().lock();
    pump();
  });
}

void Engine::Impl::terminate() {
  if (loop->on_loop_thread()) return terminate_on_loop();
  std::promise<void> done;
  loop->post([&] {
    terminate_on_loop();
    done.set_value();
  });
  done.get_future().wait();
}

void Engine::Impl::terminate_on_loop() {
  auto self = weak_from_this().lock();
  gate->close();
  std::unique_lock lock(mutex);
  terminated = true;
  std::vector<Id> waiting;
  for (const auto& [id, call] : calls) {
    if (window.cancel(id)) waiting.push_back(id);
  }
  std::ranges::sort(waiting);  // in the order of submission
  for (Id id : waiting) refused.emplace_back(std::move(calls.extract(id).mapped().done), cancelled());
  lock.unlock();
  timer.reset();
  client.reset();  // those in flight end here
  tell_refused();
}

Engine::Engine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Engine::~Engine() {
  impl_->terminate();
  // The I/O thread, which may be in the middle of a callback, must not end up as the last owner.
  if (!impl_->loop->on_loop_thread()) impl_->loop.reset();
}

Result<std::unique_ptr<Engine>> Engine::open(target::Target target, EngineOptions options) {
  if (auto name = aws::parse_function_name(options.function); !name) return tl::unexpected(name.error());
  if (options.workers < 1 || options.workers > workers_max) {
    return fail(ErrorKind::invalid_argument, "a pool has 1 to " + std::to_string(workers_max) +
                                                 " workers, not " + std::to_string(options.workers));
  }
  return std::unique_ptr<Engine>(new Engine(std::make_shared<Impl>(std::move(target), std::move(options))));
}

Engine::Id Engine::submit(std::string payload, Done done) {
  return impl_->submit(std::move(payload), std::move(done));
}

bool Engine::cancel(Id id) { return impl_->cancel(id); }

void Engine::terminate() { impl_->terminate(); }

std::size_t Engine::queued_or_running() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->calls.size();
}

}  // namespace lambdapool::pool

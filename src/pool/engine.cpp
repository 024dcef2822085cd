// The engine gives the window's decisions hands: it signs, sends, reads answers and keeps the promises of
// engine.hpp. Its state is shared by the threads that submit and the I/O thread, under one mutex that is
// never held across a system call or a callback.
#include "pool/engine.hpp"

#include <algorithm>

#include "core/own_thread.hpp"
#include "pool/doubt.hpp"
#include "pool/ending.hpp"
#include "pool/engine_impl.hpp"
#include "pool/measured.hpp"
#include "target/open_caller.hpp"

namespace lambdapool::pool {
namespace {

using Clock = std::chrono::steady_clock;

// From here up, hashing a payload would hold up the other calls on the I/O thread.
constexpr std::size_t large_payload = 256 * 1'024;

}  // namespace

Engine::Impl::Impl(target::Target where, std::unique_ptr<cloud::Caller> function, EngineOptions with)
    : target(std::move(where)),
      options(std::move(with)),
      caller(std::move(function)),
      window(options.workers, patience_of(options), random_source()),
      streams(*caller),
      own_loop(target.in_process ? nullptr : std::make_unique<http::EventLoop>()),
      loop(own_loop ? own_loop.get() : &target.in_process->loop()),
      gate(std::make_shared<Gate>(*loop)),
      alarms(std::make_shared<Alarms>(*loop, gate)) {
  if (options.wants_output) caller->ask_for_output();
  client = std::make_unique<http::Client>(*loop, client_options(caller->route(), options, target.in_process));
}

void Engine::Impl::submit(Id id, std::string payload, Done done, std::string echo, const std::string& variant,
                          Ahead ahead, Place place) {
  std::optional<Error> refusal;
  auto call = std::make_unique<Call>();
  call->done = std::move(done);
  call->echo = std::move(echo);
  if (target.in_process && options.cut) call->place = place;
  if (payload.size() > caller->limits().request_bytes_max) {
    refusal = too_large(payload.size(), caller->limits());
  } else {
    call->times.queued = Clock::now();
    call->times.bytes_sent = payload.size();
    call->request.body = std::move(payload);
    if (!variant.empty()) caller->address(call->request, variant);
    if (call->times.bytes_sent < large_payload) {
      call->ahead = std::move(ahead);
    } else {
      if (ahead) streams.ask(call->request, std::move(ahead));
      call->signature = caller->sign_early(call->request);
    }
  }
  std::lock_guard lock(mutex);
  if (terminated && !refusal) refusal = cancelled();
  if (refusal) {
    refused.emplace_back(std::move(call->done), std::move(*refusal));
    return post_pump();
  }
  const bool row = call->place.items > 1;
  calls.emplace(id, std::move(call));
  window.submit(id, row, place.first);
  // A full window is pumped by the next completion.
  if (window.in_flight() < window.limit()) post_pump();
}

void Engine::Impl::refuse(Error error, Done done) {
  std::lock_guard lock(mutex);
  refused.emplace_back(std::move(done), std::move(error));
  post_pump();
}

bool Engine::Impl::cancel(Id id) {
  std::unique_lock lock(mutex);
  if (cancel_waiting(id)) return true;
  if (!window.is_early(id)) return false;
  lock.unlock();
  bool cancelled = false;
  loop->run([&] {
    have_back_to_end(id);
    const std::lock_guard on_loop(mutex);
    cancelled = cancel_waiting(id);
  });
  return cancelled;
}

// Under the lock.
bool Engine::Impl::cancel_waiting(Id id) {
  if (!window.cancel(id)) return false;
  Call& call = *calls.at(id);
  refused.emplace_back(std::move(call.done), cancelled(call.lost));
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

// Sends what the window allows.
void Engine::Impl::pump(Clock::time_point now) {
  std::unique_lock lock(mutex);
  pump_posted = false;
  for (; !terminated && !renewing; now = Clock::now()) {
    using enum http::Turn::Standing;
    if (const auto late = window.next_to_have_back(now)) {
      lock.unlock();
      have_back(*late);
      lock.lock();
      continue;
    }
    auto id = window.next(now);
    const auto standing = id ? begun : early;
    if (!id && target.in_process) id = window.next_early(now);
    if (!id) break;
    Call& call = *calls.at(*id);  // nobody else touches it while it is in flight
    lock.unlock();
    send(*id, call, standing);
    lock.lock();
    if (call.turn && call.turn->standing == returned) window.refused_early();
  }
  std::string warning;
  if (const auto lasts = window.outage_to_tell(now); lasts && !terminated)
    warning = warning_of_outage(*lasts, unreachable, calls.size(), options.network_deadline);
  auto wake = terminated || renewing ? std::nullopt : window.wake_at(now);
  const bool any_refused = !refused.empty();
  lock.unlock();
  if (!warning.empty()) options.warn(warning);
  set_timer(wake);
  if (any_refused) tell_refused();
}

void Engine::Impl::tell_refused() {
  std::unique_lock lock(mutex);
  auto told = std::exchange(refused, {});
  lock.unlock();
  for (auto& [done, error] : told) done(tl::unexpected(std::move(error)));
}

void Engine::Impl::send(Id id, Call& call, http::Turn::Standing standing) {
  if (call.ahead) streams.ask(call.request, std::exchange(call.ahead, nullptr));
  if (streams.take_back(call.request)) call.signature = {};
  caller->sign(call.request, call.signature);
  call.times.sent = Clock::now();
  if (target.in_process) take_turn(id, call, standing);
  client->send_returning(
      std::move(call.request), read_timeout(),
      [this, id](http::Answer&& answer, http::Request&& request) {
        answered(id, std::move(answer), std::move(request));
      },
      [this, &call](const http::Response& response) { return examine(response, call.echo); });
}

std::chrono::milliseconds Engine::Impl::read_timeout() const {
  const auto longest = caller->limits().timeout_max;
  return options.function_timeout.value_or(function_timeout.value_or(longest)) + options.read_margin;
}

// An answer tells for how long others are to be waited for. The largest counts: a first call's may lack what
// the environment took to start.
std::optional<Error> Engine::Impl::examine(const http::Response& response, const std::string& echo) {
  if (!caller->is_outcome(response)) return std::nullopt;
  envelope::Told told;
  auto doubt = doubt_about(response, echo, caller->name(), &told, caller->limits().service);
  if (told.timeout > function_timeout) {
    function_timeout = told.timeout;
    client->limit_read_timeouts(read_timeout());
  }
  if (told.architecture) architecture = told.architecture;
  return doubt;
}

void Engine::Impl::answered(Id id, http::Answer&& answer, http::Request&& request) {
  answer_bytes = 0;
  if (has_returned(id, request)) return;
  if (!answer) {
    Error& error = answer.error().error;
    if (error.kind == ErrorKind::timed_out)
      error.kind = ErrorKind::network;  // not the function's own timeout
    return failed(id, caller->judge(std::move(answer.error())), std::move(request));
  }
  answer_bytes = answer->body.size();
  auto result = caller->judge(std::move(*answer));
  if (auto* invoked = std::get_if<cloud::Invoked>(&result)) return finish(id, std::move(*invoked));
  failed(id, std::move(std::get<cloud::Failure>(result)), std::move(request));
}

// The call waits to be sent again, or ends with the error.
void Engine::Impl::failed(Id id, cloud::Failure failure, http::Request&& request) {
  const auto retried = retry_of(failure, *caller);
  std::unique_lock lock(mutex);
  auto step = next_step(id, std::move(failure), request);
  if (auto* end = std::get_if<cloud::GiveUp>(&step)) {
    lock.unlock();
    return finish(id, tl::unexpected(std::move(end->error)));
  }
  Call& call = *calls.at(id);
  call.request = std::move(request);
  if (retried) ++(call.times.retries.*retried), ++(retries.*retried);
  if (!std::holds_alternative<cloud::Wait>(step)) window.put_back(id, Clock::now());
  if (const auto* clock = std::get_if<cloud::CorrectClock>(&step)) caller->correct_clock(clock->offset);
  const auto stale = call.signature.as;
  lock.unlock();
  if (std::holds_alternative<cloud::RenewCredentials>(step)) return renew_for(id, stale);
  pump();
}

// With the mutex held.
cloud::Step Engine::Impl::next_step(Id id, cloud::Failure failure, const http::Request& request) {
  using Kind = cloud::Failure::Kind;
  if (failure.kind == Kind::ran) failure.error.message += "; the function may have run";
  const bool has_not_run = failure.kind == Kind::expired_token || failure.kind == Kind::wrong_time ||
                           failure.kind == Kind::throttled || failure.kind == Kind::not_reached;
  if (terminated) return cloud::GiveUp{has_not_run ? cancelled() : std::move(failure.error)};
  if (streams.refused(request, failure)) return cloud::SendAgain{};
  Call& call = *calls.at(id);
  return call.attempts.failed(std::move(failure), {call.signature.with, std::chrono::system_clock::now()},
                              [&](cloud::Failure& why) { return wait(id, why); });
}

// The window knows until when. nullopt: the call ends with the failure's error, which says why.
std::optional<std::chrono::milliseconds> Engine::Impl::wait(Id id, cloud::Failure& failure) {
  using Kind = cloud::Failure::Kind;
  const bool of_network = cloud::is_of_network(failure);
  const auto now = Clock::now();
  auto verdict = Window::Verdict::give_up;
  if (failure.kind == Kind::may_have_run) {
    ++calls.at(id)->lost;
    verdict = window.may_have_run(id, of_network ? Window::Loss::network : Window::Loss::service, now);
  } else if (failure.kind == Kind::throttled) {
    verdict = window.throttled(id, caller->throttle_of(failure.error), now, failure.retry_after);
  } else {
    verdict = window.not_reached(id, now);
  }
  if (of_network) unreachable = failure.error.message;
  if (verdict == Window::Verdict::again) return std::chrono::milliseconds(0);
  if (failure.error.kind == ErrorKind::throttled) {
    tell_of_deadline(failure.error, options.throttle_deadline, caller->explain_throttle(failure.error));
  } else if (failure.kind == Kind::not_reached) {
    tell_of_outage(failure.error, options.network_deadline);
  }
  return std::nullopt;
}

void Engine::Impl::renew_for(Id id, const cloud::Credential& stale) {
  refused_as_expired.push_back(id);
  if (std::exchange(renewing, true)) return;
  caller->renew(stale, [weak = weak_from_this(), through = gate](Result<void> result) {
    through->post([weak, result = std::move(result)] {
      if (auto self = weak.lock()) self->renewed(result);
    });
  });
}

void Engine::Impl::renewed(const Result<void>& result) {
  renewing = false;
  std::unique_lock lock(mutex);
  for (Id id : std::exchange(refused_as_expired, {})) {
    if (result || !window.cancel(id)) continue;
    refused.emplace_back(std::move(calls.at(id)->done), result.error());
    calls.erase(id);
  }
  lock.unlock();
  pump();
}

// Fills the window again before the caller hears of the result.
void Engine::Impl::finish(Id id, Result<cloud::Invoked> result) {
  auto self = weak_from_this().lock();
  std::unique_lock lock(mutex);
  const auto call = calls.extract(id).value_or(nullptr);
  if (call && !result) tell_of_loss(result.error(), call->lost, retries_of(options));
  const auto now = Clock::now();
  if (call) call->times.arrived = now;
  window.completed(id, now);
  const bool ended = terminated;
  lock.unlock();
  if (call && options.observe) {
    report::CallTimes& times = call->times;
    times.bytes_received = answer_bytes;
    times.invocation = reported(result, *caller);
    times.architecture = architecture;
    options.observe(id, times, result ? nullptr : &result.error().kind);
  }
  if (!ended) pump(now);
  if (call) call->done(std::move(result));
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
  loop->run([&] { terminate_on_loop(); });
}

void Engine::Impl::terminate_on_loop() {
  auto self = weak_from_this().lock();
  gate->close();
  have_all_back();
  std::unique_lock lock(mutex);
  terminated = true;
  std::vector<Id> waiting;
  calls.for_each([&](Id id, const auto&) {
    if (window.cancel(id)) waiting.push_back(id);
  });
  std::ranges::sort(waiting);  // in the order of submission
  for (Id id : waiting) {
    const auto call = calls.extract(id).value();
    refused.emplace_back(std::move(call->done), cancelled(call->lost));
  }
  lock.unlock();
  timer.reset();
  alarms->end();
  client.reset();  // those in flight end here
  tell_refused();
}

Engine::Engine(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() {
  impl_->terminate();
  if (!impl_->loop->on_loop_thread()) {
    // The I/O thread, which may be in the middle of a callback, must not end up as the last owner.
    impl_->own_loop.reset();
  } else if (!impl_->own_loop) {
    // With the last pool its service ends, which its own thread cannot wait for.
    const auto last = std::make_shared<std::shared_ptr<Impl>>(std::move(impl_));
    try {
      start_own_thread([last] { last->reset(); }).detach();
    } catch (const NoThread&) {
      new auto(last);  // it ends with the program
    }
  }
}
Result<std::unique_ptr<Engine>> Engine::open(target::Target target, EngineOptions options) {
  if (auto valid = validate(options); !valid) return tl::unexpected(valid.error());
  auto caller = target::open_caller(target, options.function);
  if (!caller) return tl::unexpected(std::move(caller.error()));
  return made_with_thread([&] {
    return std::unique_ptr<Engine>(
        new Engine(std::make_shared<Impl>(std::move(target), std::move(*caller), std::move(options))));
  });
}

void Engine::submit(Id id, std::string payload, Done done, std::string echo, const std::string& variant,
                    Ahead ahead, Place place) {
  impl_->submit(id, std::move(payload), std::move(done), std::move(echo), variant, std::move(ahead), place);
}
void Engine::refuse(Error error, Done done) { impl_->refuse(std::move(error), std::move(done)); }
bool Engine::cancel(Id id) { return impl_->cancel(id); }
void Engine::have_back(Id id) {
  impl_->loop->run([&] { impl_->have_back(id, Impl::Which::all); });
}
void Engine::terminate() { impl_->terminate(); }

std::optional<Clock::time_point> Engine::sent_at(Id id) const {
  std::lock_guard lock(impl_->mutex);
  return impl_->window.sent_at(id);
}

void Engine::after(std::chrono::milliseconds delay, std::function<void()> work) {
  impl_->alarms->after(delay, std::move(work));
}

bool Engine::drive(const std::function<void()>& begin, const std::function<bool()>& over) {
  const auto& service = impl_->target.in_process;
  return service && impl_->loop->drive(begin, over, [&] { return service->is_idle(); });
}
void Engine::stand_back() {
  const auto& service = impl_->target.in_process;
  if (service && service->is_idle()) impl_->loop->stand_back();
}

const cloud::CallLimits& Engine::limits() const { return impl_->caller->limits(); }

Engine::Standing Engine::standing() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->calls.size(), impl_->retries};
}

}  // namespace lambdapool::pool

#include "local/worker/worker.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "core/limits.hpp"

namespace lambdapool::local {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;

double ms_between(Worker::Clock::time_point from, Worker::Clock::time_point to) {
  return duration<double, std::milli>(to - from).count();
}

}  // namespace

// X-Ray's form. The root is derived from the request, so that a trace can be found from a log.
std::string trace_id(const std::string& request_id, std::int64_t now_ms) {
  std::string digits;
  for (const char c : request_id) {
    if (std::isxdigit(static_cast<unsigned char>(c))) digits += c;
  }
  digits.resize(32, '0');
  char time[16];
  std::snprintf(time, sizeof time, "%08x", static_cast<unsigned>(now_ms / 1000));
  return std::string("Root=1-") + time + "-" + digits.substr(0, 24) + ";Parent=" + digits.substr(16) +
         ";Sampled=0";
}

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now();
  return std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
}

Worker::Worker(WorkerProcess::Parts parts, const LogSink& log, WorkerProcess::Setting setting,
               std::chrono::milliseconds init_limit, Events events)
    : parts_(parts),
      setting_(std::move(setting)),
      log_(log),
      events_(std::move(events)),
      life_({init_limit, setting_.function->timeout}),
      api_({[this] { on_ready(); },
            [this](RuntimeApi::Kind kind, std::string body) { on_answered(kind, std::move(body)); },
            [this](std::string type, std::string body) { on_init_failed(std::move(type), std::move(body)); },
            [this](std::string_view names) { on_imported(names); },
            [this](bool all_read) { log_read_ = all_read; }, [this] { process_->log().catch_up(); }}) {}

Worker::~Worker() = default;

void Worker::start() { carry_out(life_.launch(Clock::now())); }

void Worker::stop() {
  settle_early();
  carry_out(life_.stop(Clock::now()));
}

void Worker::carry_out(const Life::Deeds& deeds) {
  const auto self = shared_from_this();
  for (const Life::Do deed : deeds) carry_out(deed);
  arm_timer();
}

void Worker::carry_out(Life::Do deed) {
  switch (deed) {
    case Life::Do::launch:
      return launch();
    case Life::Do::kill:
      return kill();
    case Life::Do::offer:
      return offer();
    case Life::Do::answer:
      return answer();
    case Life::Do::fail:
      if (const auto take = std::exchange(take_parts_, nullptr)) {
        const std::string rest = process_->parts()->rest();  // it has ended
        if (!rest.empty()) take(rest);                       // nothing would say that all begins anew
      }
      return complete(payload_of(life_.verdict(), invocation_->invocation.request_id), &life_.verdict(),
                      true);
    case Life::Do::fail_start:
      return events_.start_failed(*this, life_.verdict());
    case Life::Do::end:
      return end();
  }
}

void Worker::launch() {
  if (process_) {
    process_->log().take();
    api_.close();
    process_->release();
  }
  pid_ = -1;
  launched_ms_ = now_ms();
  const auto weak = weak_from_this();
  const http::Handler api = [weak](http::Request request, http::Responder responder) {
    const auto self = weak.lock();
    if (!self) return;
    if (ExtensionApi::serves(request.target))
      return self->extensions_->handle(std::move(request), std::move(responder));
    // It has said before by packet that it has taken what this may be about.
    if (!self->early_.empty()) self->process_->hear_packets();
    self->hear([&] { self->api_.handle(std::move(request), std::move(responder)); });
  };
  const http::Divert divert = [weak](const http::Request& head) {
    const auto self = weak.lock();
    return self ? self->api_.divert(head) : nullptr;
  };
  process_ = std::make_shared<WorkerProcess>(
      parts_, setting_, WorkerProcess::Api{api, divert}, [this](std::string_view lines) { on_output(lines); },
      process_events());
  process_->log().hear_first([weak] {
    const auto self = weak.lock();
    return self && !self->early_.empty() && self->process_->hear_packets();
  });
  process_->log().before_reading([weak] {
    if (const auto self = weak.lock()) self->end_rows();
  });
  extensions_ = std::make_unique<ExtensionApi>(setting_.function, process_->extensions(), extension_events());
  process_->start();
}

WorkerProcess::Events Worker::process_events() {
  const auto weak = weak_from_this();
  WorkerProcess::Events events;
  events.started = [weak](pid_t pid) {
    if (const auto self = weak.lock()) self->on_started(pid);
  };
  events.failed = [weak](InvocationError why) {
    if (const auto self = weak.lock()) self->carry_out(self->life_.not_started(std::move(why)));
  };
  events.begun = [weak] {
    const auto self = weak.lock();
    if (!self) return;
    self->life_.started(Clock::now());
    self->arm_timer();
  };
  events.exiting = [weak](const WorkerProcess::Exit& exit) {
    if (const auto self = weak.lock())
      self->carry_out(self->life_.exiting(Clock::now(), self->as_life_sees(exit)));
  };
  events.exited = [weak](const WorkerProcess::Exit& exit) {
    if (const auto self = weak.lock()) self->on_exited(exit);
  };
  events.lost = [weak](const std::string& why) {
    if (const auto self = weak.lock()) self->on_lost(why);
  };
  events.packet = [weak](std::string_view packet, const RuntimeApi::SendPacket& send) {
    if (const auto self = weak.lock()) self->hear([&] { self->api_.packet(packet, send); });
  };
  events.extension_failed = [weak](const std::string& name, InvocationError why) {
    if (const auto self = weak.lock()) self->on_extension_failed(name, std::move(why));
  };
  events.tell_end = [weak](const std::string& name, std::string_view reason, std::int64_t deadline_ms) {
    const auto self = weak.lock();
    return self && self->extensions_->shut_down(name, reason, deadline_ms);
  };
  return events;
}

ExtensionApi::Events Worker::extension_events() {
  ExtensionApi::Events events;
  events.registered = [this] { process_->start_runtime(); };
  events.settled = [this](std::string_view line) {
    log_before_start_ += line;
    write_log(line, now_ms());
  };
  events.ready = [this] {
    if (api_.waiting()) on_ready();
  };
  return events;
}

void Worker::on_extension_failed(const std::string& name, InvocationError why) {
  const std::string reported = extensions_->reported(name);
  if (!reported.empty()) why.type = reported;
  carry_out(life_.failed(Clock::now(), std::move(why)));
}

void Worker::kill() {
  give_back_early();
  note_peak();
  const bool exceeded = life_.has_verdict() && life_.verdict().type == out_of_memory().type;
  if (!extensions_->any() || exceeded) return process_->kill();
  if (!life_.has_verdict()) return process_->shut_down("SPINDOWN");
  const bool late = life_.verdict().status == InvocationError::Status::timeout;
  process_->shut_down(late ? "TIMEOUT" : "FAILURE");
}

void Worker::end() {
  memory_timer_.reset();
  parts_timer_.reset();
  fail_early();
  process_->log().take();  // what it wrote after its last answer
  api_.close();
  process_->release();
  events_.ended(*this);
}

void Worker::abandon() {
  const auto self = shared_from_this();
  events_ = {[](Worker&) {}, [](Worker&, const InvocationError&) {}, [](Worker&) {}};
  memory_timer_.reset();
  give_back_early();
  carry_out(life_.abandon());
  fail_early();
  timer_.reset();
  parts_timer_.reset();
  api_.close();
  process_->abandon();
}

void Worker::on_started(pid_t pid) {
  pid_ = pid;
  peak_ = std::make_unique<PeakMemory>(pid);
  if (parts_.memory.watches()) watch_memory();
}

void Worker::on_ready() {
  extensions_->close_registration();
  if (!extensions_->ready()) return;  // it is told when they are
  const auto now = Clock::now();
  const bool was_starting = life_.state() == Life::State::starting;
  const auto deeds = life_.ready(now);
  if (was_starting) {
    if (!life_.restarted()) init_ms_ = ms_between(life_.launched(), now);
    output_before_start_ = process_->log().take();
    log_before_start_ += output_before_start_;
    process_->log().hold();
  }
  carry_out(deeds);
}

void Worker::begin(PendingInvocation pending) { begin(std::move(pending), Delivered::now); }

void Worker::begin(PendingInvocation pending, Delivered delivered) {
  // An init that took too long was started again on the invocation's account.
  const bool with_init = life_.restarted();
  life_.invoked(Clock::now());
  begun_ = life_.begun();
  invocation_ = std::move(pending);
  heed_turn(invocation_->invocation);
  if (invocation_->invocation.begun) invocation_->invocation.begun();
  arm_timer();
  if (parts_.memory.watches() && !memory_timer_) watch_memory_later();
  const auto now = now_ms();
  const auto left = std::chrono::duration_cast<milliseconds>(*life_.deadline() - Clock::now());
  const std::string id = invocation_->invocation.request_id;
  const std::int64_t deadline = now + left.count();
  const std::string trace = trace_id(id, now);
  take_parts_ = process_->parts() ? std::exchange(invocation_->invocation.parts, nullptr) : nullptr;
  if (take_parts_) {
    process_->parts()->begin(delivered == Delivered::early ? SharedParts::Begun::perhaps
                                                           : SharedParts::Begun::not_yet);
    look_for_parts_later();
  }
  // Who brings its own loop tells itself what it writes, as on AWS.
  const bool has_own_loop = !process_->parts() && setting_.function->runtime.starts_with("provided");
  take_output_ = has_own_loop ? nullptr : std::exchange(invocation_->invocation.output, nullptr);
  output_frames_ = {};
  const std::string before = std::exchange(output_before_start_, {});
  if (take_output_ && !before.empty()) take_output_(output_frames_.of(before));
  extensions_->invoke(invocation_->invocation, deadline, trace);
  if (row_ && delivered == Delivered::now && api_.takes_rows() && api_.waits_for_packet())
    invocation_->items = let_items_begin(*row_, id);
  if (delivered == Delivered::early) {
    api_.has_taken({std::move(invocation_->invocation), deadline, trace, left});
  } else {
    api_.deliver({std::move(invocation_->invocation), deadline, trace, left, parts_.loop.is_driven()});
  }
  invocation_->invocation.request_id = id;
  if (row_) row_begun();
  started_ms_ = with_init ? launched_ms_ : now;
  write_log(start_lines(*setting_.function, id, started_ms_), started_ms_);
  process_->log().begin(id);
}

void Worker::on_answered(RuntimeApi::Kind kind, std::string body) {
  if (life_.state() != Life::State::busy) return;  // too late: the verdict is out
  note_peak();
  is_quick_ = Clock::now() - begun_ <= setting_.early_within;
  // It may have been faster than the watch, or than its cgroup.
  const bool exceeded = !process_->enclosed() && over_limit(peak_bytes_);
  answer_ = Answer{kind, std::move(body)};
  carry_out(life_.answered(Clock::now(), exceeded ? Life::Memory::exceeded : Life::Memory::within));
}

void Worker::answer() {
  Answer given = std::move(*answer_);
  answer_.reset();
  const bool stream_too_large = given.kind == RuntimeApi::Kind::stream_too_large;
  if (stream_too_large || given.kind == RuntimeApi::Kind::too_large) {
    const InvocationError failure = response_too_large(stream_too_large ? limits::streamed_payload_bytes_max
                                                                        : limits::response_payload_bytes_max);
    return complete(failure.payload, &failure, true);
  }
  complete(std::move(given.body), nullptr, given.kind == RuntimeApi::Kind::error);
}

InvocationResult Worker::result_of(std::string payload, const InvocationError* failure, bool function_error) {
  const std::string& id = invocation_->invocation.request_id;
  LogPipe& log = process_->log();
  InvocationResult result;
  result.payload = std::move(payload);
  result.function_error = function_error;
  result.log = std::move(log_before_start_);
  result.log += start_lines(*setting_.function, id, started_ms_);
  result.log += log.take(std::exchange(log_read_, false));
  log.hold();
  const auto ended_ms = now_ms();
  const auto report = end_lines(
      *setting_.function,
      {id, ms_between(begun_, Clock::now()), init_ms_, setting_.function->memory_mb, used_mb(failure),
       failure, function_error, result.payload.size() + api_.take_streamed_bytes()},
      ended_ms);
  write_log(report, ended_ms);
  result.log += report;
  log_before_start_.clear();
  init_ms_.reset();
  return result;
}

void Worker::complete(std::string payload, const InvocationError* failure, bool function_error) {
  take_parts_ = nullptr;
  row_ = nullptr;
  Completed completed{{}, result_of(std::move(payload), failure, function_error)};
  take_output_ = nullptr;
  completed.done = std::move(invocation_->done);
  invocation_.reset();
  if (hearing_) {
    to_tell_ = std::move(completed);
  } else {
    completed.done(std::move(completed.result));
  }
}

// An answer may say that its worker is free again, too. That is known before the caller is told, who may call
// again there and then: the call is to find this worker, not another that has nothing in its caches.
template <class Say>
void Worker::hear(const Say& runtime_says) {
  hearing_ = true;
  runtime_says();
  hearing_ = false;
  if (auto completed = std::exchange(to_tell_, std::nullopt)) completed->done(std::move(completed->result));
}

InvocationResult Worker::result_of_failure(const Invocation& invocation, const InvocationError& failure) {
  invocation_ = PendingInvocation{invocation, {}};
  begun_ = life_.launched();
  started_ms_ = launched_ms_;
  write_log(start_lines(*setting_.function, invocation.request_id, started_ms_), started_ms_);
  auto result = result_of(payload_of(failure, invocation.request_id), &failure, true);
  invocation_.reset();
  return result;
}

Life::Exit Worker::as_life_sees(const WorkerProcess::Exit& exit) {
  peak_bytes_ = std::max(peak_bytes_, exit.peak_bytes);
  return {exit.wait_status, exit.out_of_memory, extensions_->reported("")};
}

void Worker::on_exited(const WorkerProcess::Exit& exit) {
  settle_early();
  carry_out(life_.exited(Clock::now(), as_life_sees(exit)));
}

void Worker::on_lost(const std::string& why) {
  settle_early();
  // Not at once where it starts: whoever asked for it may still be in the middle of asking.
  if (!life_.is_coming()) return carry_out(life_.lost(Clock::now(), why));
  parts_.loop.post(
      [self = shared_from_this(), why] { self->carry_out(self->life_.lost(Clock::now(), why)); });
}

void Worker::on_init_failed(std::string type, std::string body) {
  life_.init_failed(Clock::now(),
                    InvocationError{.type = std::move(type), .reason = "", .payload = std::move(body)});
  arm_timer();
}

void Worker::on_imported(std::string_view names) {
  if (life_.state() != Life::State::dead) process_->learn(names);
}

void Worker::write_log(std::string_view lines, std::int64_t at_ms) const {
  log_(*setting_.function, setting_.slot.log_stream, lines, at_ms);
}

void Worker::arm_timer() {
  const auto deadline = life_.deadline();
  // Deadlines move on with every invocation; a timer that fires early just looks again.
  if (!deadline || (timer_ && timer_at_ <= *deadline)) return;
  timer_at_ = *deadline;
  const auto delay = std::max(*deadline - Clock::now(), Clock::duration::zero());
  timer_ = parts_.loop.call_after(delay, [this] {
    timer_.reset();
    const auto self = shared_from_this();
    if (life_.deadline() && Clock::now() >= *life_.deadline()) settle_early();
    carry_out(life_.due(Clock::now()));
  });
}

}  // namespace lambdapool::local

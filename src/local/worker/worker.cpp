#include "local/worker/worker.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>

namespace lambdapool::local {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds patience_after_init_error{2};
constexpr seconds patience_with_the_dying{5};  // a process may hang in the kernel
constexpr milliseconds memory_interval{50};
// In so short a time a process cannot make many pages its own: what it took last is then true enough, and
// asking the system for each of thousands of quick invocations would cost more than all else about them.
constexpr milliseconds peak_interval{5};

double ms_between(Worker::Clock::time_point from, Worker::Clock::time_point to) {
  return duration<double, std::milli>(to - from).count();
}

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

}  // namespace

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now();
  return std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
}

Worker::Worker(Parts parts, Setting setting, Events events)
    : parts_(parts),
      setting_(std::move(setting)),
      events_(std::move(events)),
      api_({[this] { on_ready(); },
            [this](RuntimeApi::Kind kind, std::string body) { on_answered(kind, std::move(body)); },
            [this](std::string type, std::string body) { on_init_failed(std::move(type), std::move(body)); },
            [this](std::string_view names) { on_imported(names); }}) {}

Worker::~Worker() = default;

void Worker::on_started(pid_t pid) {
  pid_ = pid;
  if (port_) port_->belongs_to(pid);
  if (cgroup_) cgroup_->enclose(pid);
  if (state_ == State::starting) {  // unless it was faster than the report of its start
    // From here on it is the function's time; until now it was ours.
    launched_ = Clock::now();
    set_deadline(launched_ + (phase_ == Phase::init ? setting_.init_limit : setting_.function->timeout));
  }
  peak_ = std::make_unique<PeakMemory>(pid);
  if (parts_.memory.kind() == MemoryLimits::Kind::watched) watch_memory();
  if (kill_wanted_) parts_.supervisor.kill(pid_);
}

void Worker::on_ready() {
  if (state_ != State::starting && state_ != State::returning && state_ != State::idle) return;
  if (state_ == State::starting) {
    if (phase_ == Phase::init) init_ms_ = ms_between(launched_, Clock::now());
    log_before_start_ = log_->take();
    log_->hold();
  }
  state_ = State::idle;
  idle_since_ = Clock::now();
  deadline_.reset();
  events_.idle(*this);
}

void Worker::begin(Invocation invocation) {
  invocation_ = std::move(invocation);
  state_ = State::busy;
  // An init that took too long was started again on the invocation's account.
  const bool with_init = phase_ == Phase::init_in_invocation;
  begun_ = with_init ? launched_ : Clock::now();
  phase_ = Phase::running;
  set_deadline(begun_ + setting_.function->timeout);
  if (parts_.memory.kind() == MemoryLimits::Kind::watched && !memory_timer_) {
    memory_timer_ = parts_.loop.call_after(memory_interval, [this] { watch_memory(); });
  }
  const auto now = now_ms();
  const auto left = std::chrono::duration_cast<milliseconds>(*deadline_ - Clock::now());
  InvokeCall& call = invocation_->call;
  api_.deliver({call.request_id, std::move(call.payload), std::move(call.invoked_arn),
                std::move(call.client_context), now + left.count(), trace_id(call.request_id, now)});
  write_log(start_line(call.request_id, setting_.function->version), with_init ? launched_ms_ : now);
  log_->pass_on();
}

void Worker::on_answered(RuntimeApi::Kind kind, std::string body) {
  if (state_ != State::busy || kill_wanted_) return;  // too late: the verdict is out
  note_peak();
  if (!enclosed() && over_limit(peak_bytes_)) {
    return kill(out_of_memory());  // it was faster than the watch, or than its cgroup
  }
  state_ = State::returning;  // its time still runs, until it asks for the next
  if (kind == RuntimeApi::Kind::too_large) {
    const InvocationError failure = response_too_large();
    return complete(failure.payload, &failure, true);
  }
  complete(std::move(body), nullptr, kind == RuntimeApi::Kind::error);
}

void Worker::on_init_failed(std::string type, std::string body) {
  if (state_ != State::starting) return;
  verdict_ = InvocationError{.type = std::move(type), .reason = "", .payload = std::move(body)};
  set_deadline(Clock::now() + patience_after_init_error);  // it exits by itself, or else
}

// The fork server lives as long as this worker does.
void Worker::on_imported(std::string_view names) {
  if (state_ != State::dead && !imports_.empty()) parts_.python->learn(imports_, names);
}

void Worker::complete(std::string payload, const InvocationError* failure, bool function_error) {
  const auto now = Clock::now();
  const std::string& id = invocation_->call.request_id;
  InvokeOutcome outcome;
  outcome.payload = std::move(payload);
  outcome.function_error = function_error;
  outcome.log = std::move(log_before_start_);
  outcome.log += start_line(id, setting_.function->version);
  outcome.log += log_->take();
  log_->hold();
  const auto report = end_line(id) + report_line({id, ms_between(begun_, now), init_ms_,
                                                  setting_.function->memory_mb, used_mb(failure), failure});
  write_log(report, now_ms());
  outcome.log += report;
  log_before_start_.clear();
  init_ms_.reset();
  const auto done = std::move(invocation_->done);
  invocation_.reset();
  done(std::move(outcome));
}

int Worker::used_mb(const InvocationError* failure) const {
  const int most = setting_.function->memory_mb;
  if (failure && failure->type == out_of_memory().type) return most;
  constexpr std::uint64_t mb = 1 << 20;
  return static_cast<int>(
      std::min<std::uint64_t>((peak_bytes_ + mb - 1) / mb, static_cast<std::uint64_t>(most)));
}

InvokeOutcome Worker::outcome_of_failure(const InvokeCall& call, const InvocationError& failure) {
  invocation_ = Invocation{call, {}};
  begun_ = launched_;
  InvokeOutcome outcome;
  invocation_->done = [&outcome](InvokeOutcome result) { outcome = std::move(result); };
  write_log(start_line(call.request_id, setting_.function->version), launched_ms_);
  complete(payload_of(failure, call.request_id), &failure, true);
  return outcome;
}

void Worker::write_log(std::string_view lines, std::int64_t at_ms) const {
  parts_.log(*setting_.function, setting_.slot.log_stream, lines, at_ms);
}

void Worker::stop() {
  if (state_ == State::dying || state_ == State::dead) return;
  kill(std::nullopt);
}

void Worker::kill(std::optional<InvocationError> verdict) {
  note_peak();
  if (verdict) verdict_ = std::move(verdict);
  if (state_ != State::starting && !invocation_) state_ = State::dying;
  set_deadline(Clock::now() + patience_with_the_dying);
  kill_process();
}

void Worker::kill_process() {
  if (kill_wanted_) return;
  kill_wanted_ = true;
  if (pid_ > 0) parts_.supervisor.kill(pid_);
}

void Worker::on_exited(int wait_status, std::uint64_t peak_bytes) {
  if (state_ == State::dead) return;
  peak_bytes_ = std::max(peak_bytes_, peak_bytes);
  parts_.supervisor.kill(0);  // whatever it has left behind
  if (restarting_) {
    restarting_ = false;
    log_->take();
    drop_channel();
    deadline_.reset();
    return launch();
  }
  const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  if (verdict_) return end(*verdict_);
  if (killed && cgroup_ && cgroup_->out_of_memory()) return end(out_of_memory());
  end(exited(wait_status));
}

// With the process that had started it. Its own init, if it had begun, did nothing that counts.
void Worker::on_lost(const std::string& why) {
  restarting_ = false;
  if (state_ == State::starting && !verdict_) return fail_start(machinery_lost(why));
  on_exited(SIGKILL, 0);
}

void Worker::fail_start(InvocationError failure) {
  // Not at once: whoever asked for this worker is still in the middle of asking.
  parts_.loop.post([self = shared_from_this(), failure = std::move(failure)] {
    if (self->state_ != State::dead) self->end(failure);
  });
}

void Worker::end(const InvocationError& failure) {
  const bool never_ready = state_ == State::starting;
  crashed_ = invocation_.has_value();
  state_ = State::dead;
  deadline_.reset();
  memory_timer_.reset();
  const auto self = shared_from_this();
  if (never_ready) {
    events_.start_failed(*this, failure);
  } else if (invocation_) {
    complete(payload_of(failure, invocation_->call.request_id), &failure, true);
  }
  log_->take();  // what it wrote after its last answer
  drop_channel();
  cgroup_.reset();
  events_.ended(*this);
}

void Worker::abandon() {
  const auto self = shared_from_this();
  events_ = {[](Worker&) {}, [](Worker&, const InvocationError&) {}, [](Worker&) {}};
  state_ = State::dead;
  timer_.reset();
  memory_timer_.reset();
  if (invocation_) {
    const InvocationError failure{"Runtime.ExitError",
                                  "The local Lambda was shut down while the function ran"};
    complete(payload_of(failure, invocation_->call.request_id), &failure, true);
  }
  api_.close();
  connection_.reset();
  log_.reset();  // the port stays until the processes are gone, or another user could take it over
  cgroup_.reset();
}

// Not at once: this may run inside one of their callbacks.
void Worker::drop_channel() {
  api_.close();
  parts_.loop.post([self = shared_from_this(),
                    connection = std::shared_ptr<http::Connection>(std::move(connection_)),
                    port = std::shared_ptr<RuntimePort>(std::move(port_))]() mutable {
    connection.reset();
    port.reset();
  });
}

void Worker::set_deadline(Clock::time_point deadline) {
  deadline_ = deadline;
  // Deadlines move on with every invocation; a timer that fires early just looks again.
  if (timer_ && timer_at_ <= deadline) return;
  timer_at_ = deadline;
  const auto delay = std::max(deadline - Clock::now(), Clock::duration::zero());
  timer_ = parts_.loop.call_after(delay, [this] { on_timer(); });
}

void Worker::on_timer() {
  timer_.reset();
  if (!deadline_ || state_ == State::dead) return;
  if (Clock::now() < *deadline_) return set_deadline(*deadline_);
  if (kill_wanted_) return end(verdict_.value_or(exited(SIGKILL)));
  const auto limit = setting_.function->timeout;
  switch (state_) {
    case State::starting:
      if (verdict_) return kill(std::nullopt);
      if (phase_ == Phase::init_in_invocation) return kill(timed_out(limit));
      phase_ = Phase::init_in_invocation;
      restarting_ = true;
      return kill(std::nullopt);
    case State::busy:
      return kill(timed_out(limit));
    case State::returning:
      return kill(std::nullopt);
    case State::idle:
    case State::dying:
    case State::dead:
      return;
  }
}

bool Worker::enclosed() const { return cgroup_ && cgroup_->enclosed(); }

bool Worker::over_limit(std::uint64_t resident) const {
  return resident > static_cast<std::uint64_t>(setting_.function->memory_mb) << 20;
}

void Worker::note_peak() {
  const auto now = Clock::now();
  if (!peak_ || now - peak_noted_ < peak_interval) return;
  peak_bytes_ = std::max(peak_bytes_, peak_->bytes());
  peak_noted_ = now;
}

void Worker::watch_memory() {
  memory_timer_.reset();
  if (state_ == State::dead || pid_ <= 0) return;
  if (state_ == State::starting || state_ == State::busy) {
    const std::uint64_t resident = resident_bytes_of_tree(pid_);
    peak_bytes_ = std::max(peak_bytes_, resident);
    if (over_limit(resident)) return kill(out_of_memory());
  } else {
    return;  // begin() starts it again
  }
  memory_timer_ = parts_.loop.call_after(memory_interval, [this] { watch_memory(); });
}

}  // namespace lambdapool::local

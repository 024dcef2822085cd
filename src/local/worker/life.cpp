#include "local/worker/life.hpp"

#include <signal.h>

#include "core/error.hpp"

namespace lambdapool::local {
namespace {

using std::chrono::seconds;

constexpr seconds patience_after_init_error{2};
constexpr seconds patience_with_the_dying{5};  // a process may hang in the kernel

InvocationError verdict_of(const Life::Exit& exit) {
  InvocationError why = exit.out_of_memory ? out_of_memory() : local::exited(exit.wait_status);
  if (!exit.reported.empty()) why.type = exit.reported;
  return why;
}

}  // namespace

Life::Deeds Life::launch(Time now) {
  launched_ = now;
  return {Do::launch};
}

void Life::started(Time now) {
  if (state_ != State::starting) return;  // it was faster than the report of its start
  launched_ = now;
  deadline_ = now + (restarted_ ? limits_.invocation : limits_.init);
}

Life::Deeds Life::ready(Time now) {
  // A runtime may ask twice (its connection broke, or it has several): it was offered already.
  if (state_ != State::starting && state_ != State::returning) return {};
  state_ = State::idle;
  idle_since_ = now;
  deadline_.reset();
  return {Do::offer};
}

void Life::invoked(Time now) {
  LAMBDAPOOL_CHECK(state_ == State::idle);
  state_ = State::busy;
  begun_ = restarted_ ? launched_ : now;
  restarted_ = false;
  deadline_ = begun_ + limits_.invocation;
}

Life::Deeds Life::answered(Time now, Memory memory) {
  if (state_ != State::busy) return {};  // too late: the verdict is out
  if (memory == Memory::exceeded) return die(now, out_of_memory());
  state_ = State::returning;  // its time still runs, until it asks for the next
  return {Do::answer};
}

void Life::init_failed(Time now, InvocationError reported) {
  if (state_ != State::starting) return;
  state_ = State::failing;
  verdict_ = std::move(reported);
  deadline_ = now + patience_after_init_error;
}

Life::Deeds Life::over_memory(Time now) {
  if (state_ == State::failing) return die(now, {});
  if (state_ != State::starting && state_ != State::busy) return {};
  return die(now, out_of_memory());
}

Life::Deeds Life::failed(Time now, InvocationError why) {
  if (state_ == State::dying || state_ == State::dead) return {};
  return die(now, std::move(why));
}

Life::Deeds Life::due(Time now) {
  if (!deadline_ || now < *deadline_) return {};
  switch (state_) {
    case State::starting:
      if (restarted_) return die(now, timed_out(limits_.invocation));
      start_again_ = true;
      return die(now, {});
    case State::busy:
      return die(now, timed_out(limits_.invocation));
    case State::failing:
    case State::returning:
      return die(now, {});
    case State::dying:
      return end(verdict_.value_or(local::exited(SIGKILL)));
    case State::idle:
    case State::dead:
      break;
  }
  return {};
}

Life::Deeds Life::exiting(Time now, const Exit& exit) { return failed(now, verdict_of(exit)); }

Life::Deeds Life::exited(Time now, const Exit& exit) {
  if (state_ == State::dead) return {};
  if (start_again_) {
    start_again_ = false;
    restarted_ = true;
    state_ = State::starting;
    deadline_.reset();
    return launch(now);
  }
  if (verdict_) return end(*verdict_);
  return end(verdict_of(exit));
}

// Its own init, if it had begun, did nothing that counts.
Life::Deeds Life::lost(Time now, const std::string& why) {
  start_again_ = false;
  if (owed() == Owed::start && !verdict_) return not_started(machinery_lost(why));
  return exited(now, {SIGKILL});
}

Life::Deeds Life::not_started(InvocationError why) {
  if (state_ == State::dead) return {};
  return end(std::move(why));
}

Life::Deeds Life::stop(Time now) {
  start_again_ = false;
  if (state_ == State::dying || state_ == State::dead) return {};
  return die(now, {});
}

Life::Deeds Life::abandon() {
  const bool invoked = owed() == Owed::answer && state_ != State::dead;
  verdict_ = {"Runtime.ExitError", "The local Lambda was shut down while the function ran"};
  state_ = State::dead;
  owed_ = Owed::nothing;
  deadline_.reset();
  return invoked ? Deeds{Do::fail} : Deeds{};
}

bool Life::is_coming() const {
  return state_ == State::returning || (state_ != State::dead && owed() == Owed::start);
}

Life::Owed Life::owed() const {
  switch (state_) {
    case State::starting:
    case State::failing:
      return Owed::start;
    case State::busy:
      return Owed::answer;
    case State::idle:
    case State::returning:
      return Owed::nothing;
    case State::dying:
    case State::dead:
      break;
  }
  return owed_;
}

// The first verdict stands: what a process does while it is being killed says nothing.
Life::Deeds Life::die(Time now, std::optional<InvocationError> verdict) {
  owed_ = owed();
  state_ = State::dying;
  if (verdict && !verdict_) verdict_ = std::move(verdict);
  deadline_ = now + patience_with_the_dying;
  return {Do::kill};
}

Life::Deeds Life::end(InvocationError verdict) {
  owed_ = owed();
  state_ = State::dead;
  start_again_ = false;
  verdict_ = std::move(verdict);
  deadline_.reset();
  switch (owed_) {
    case Owed::start:
      return {Do::fail_start, Do::end};
    case Owed::answer:
      return {Do::fail, Do::end};
    case Owed::nothing:
      break;
  }
  return {Do::end};
}

}  // namespace lambdapool::local

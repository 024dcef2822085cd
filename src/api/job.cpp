#include "api/job.hpp"

#include <algorithm>
#include <utility>

#include "api/failure.hpp"
#include "api/outcome_body.hpp"
#include "core/envelope.hpp"
#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"
#include "runtime/program.hpp"

namespace lambdapool::api {
namespace {

std::exception_ptr cancelled() {
  return std::make_exception_ptr(Cancelled("the call was cancelled before it finished"));
}

// Of items that are not sent any more, because each would fail as this one did.
std::exception_ptr left_out(Error error, std::size_t item) {
  error.message += " (as item " + std::to_string(item) + " failed; this one was not sent)";
  return to_exception(error);
}

}  // namespace

Job::Job(Setting setting, std::vector<std::string> items)
    : setting_(std::move(setting)),
      items_(std::move(items)),
      answers_(items_.size()),
      done_(items_.empty()) {}

std::size_t Job::fitting(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < chunk.count && !items_.empty(); ++i) {
    bytes += items_[chunk.first + i].size();
    if (bytes > pool::chunk_bytes_max) return std::max<std::size_t>(i, 1);
  }
  return chunk.count;
}

Result<void> Job::sending(const Chunk& chunk) {
  return setting_.recorder ? setting_.recorder->sending(chunk.first, chunk.count) : Result<void>();
}

std::size_t Job::position(std::size_t item) const {
  return setting_.recorder ? setting_.recorder->position(item) : item;
}

// Which of a map's elements an error is about.
std::string Job::place_of(const Chunk& chunk) const {
  const std::size_t first = position(chunk.first), last = position(chunk.first + chunk.count - 1);
  if (chunk.count == 1) return " (item " + std::to_string(first) + ")";
  return " (one of the items " + std::to_string(first) + " to " + std::to_string(last) +
         ", which shared a call)";
}

std::string Job::message(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (items_.empty()) return {};  // nobody wants it any more
  return runtime::write_items(setting_.head, &items_[chunk.first], chunk.count);
}

std::size_t Job::variant_of(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  const auto climbed = rungs_.find(chunk.first);
  return climbed == rungs_.end() ? setting_.variant : climbed->second;
}

// Whoever hears that it is done finds its last call in the books.
Job::Told Job::take(const Chunk& chunk, Result<Reply> reply, std::size_t begun) {
  const std::lock_guard lock(mutex_);
  Told told = told_by(chunk, std::move(reply), begun);
  told.call =
      setting_.books->settled(chunk, told.done, told.again.size() - told.climbed, told.climbed, told.busy);
  if (setting_.recorder && told.call)  // where it fails, so does what is written next, which is missed
    (void)setting_.recorder->took(setting_.books->billed(*told.call));
  return told;
}

Job::Told Job::take_early(const Chunk& chunk, pool::EarlyPart part) {
  const std::lock_guard lock(mutex_);
  if (done_) return {chunk.count};
  if (auto checked = check_maker(part.outcome, setting_.peer); !checked)
    return fail(chunk, std::move(checked.error()), chunk.count);
  try {
    return accept_items(chunk, std::move(part.outcome.body), When::early);
  } catch (const MalformedMessage& malformed) {
    return fail(chunk, unreadable(malformed), chunk.count);
  }
}

Job::Told Job::told_by(const Chunk& chunk, Result<Reply> reply, std::size_t begun) {
  ++calls_;
  if (done_) return {chunk.count};
  const bool failed_early = take_up_early_failures(chunk);
  if (done_) return {.done = chunk.count, .fault = pool::Fault::item};
  if (!reply || is_map()) {
    Told told = reply ? accept(chunk, std::move(*reply)) : fail(chunk, std::move(reply.error()), begun);
    if (failed_early) told.fault = std::max(told.fault.value_or(pool::Fault::item), pool::Fault::item);
    return told;
  }
  if (setting_.retry.on || !setting_.keep_failed.empty()) return accept(chunk, std::move(*reply));
  single_ = std::move(*reply);
  single_call_ = chunk.call;
  finish(nullptr);
  return {chunk.count};
}

// Of an answer that came and is none: with what its sender may look the call up by.
Error Job::refusal(Error error, pool::Batch::Call call, const std::string& request_id) const {
  if (!request_id.empty()) error.message += " (request id " + request_id + ")";
  error.request_id = request_id;
  error.log_tail = setting_.logs->of_call(call);
  return error;
}

Job::Told Job::accept(const Chunk& chunk, Reply reply) {
  auto body = outcome_body(reply, setting_.peer);
  if (!body) return fail(chunk, refusal(body.error(), chunk.call, reply.request_id), chunk.count);
  try {
    return accept_items(chunk, std::move(*body), When::at_the_end);
  } catch (const MalformedMessage& malformed) {
    return fail(chunk, refusal(unreadable(malformed), chunk.call, reply.request_id), chunk.count);
  }
}

// Of the outcomes, the first `chunk.before` are known already.
Job::Told Job::accept_items(const Chunk& chunk, std::string body, When when) {
  bodies_.push_back(std::move(body));
  const runtime::OutcomeMessage outcome = runtime::read_outcome(bodies_.back());
  const std::size_t all = outcome.items.size();
  if (all <= chunk.before || all > chunk.before + chunk.count ||
      (when == When::early && all < chunk.before + chunk.count))
    throw MalformedMessage("it holds another number of results than was asked for");
  const auto items = std::span(outcome.items).subspan(chunk.before);
  if (setting_.recorder) {
    auto written = setting_.recorder->arrived(chunk.first, chunk.count, items);
    if (!written) return fail(chunk, std::move(written.error()), chunk.count);
  }
  Told told{items.size(), outcome.busy, bodies_.back().size()};
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (done_) return {chunk.count};
    const std::size_t item = chunk.first + i;
    const bool failed = items[i].status != runtime::Status::value;
    answers_[item] = {items[i].status, items[i].bytes, nullptr, chunk.call};
    if (failed && setting_.retry.on && comes_again(item, failure_of(item), told)) continue;
    ++answered_;
    if (failed && when == When::early) {
      early_failures_.insert(item);
    } else if (failed) {
      told.fault = pool::Fault::item;
      failed_item(item);
    } else {
      std::string().swap(items_[item]);
    }
  }
  finish_if_all();
  return told;
}

void Job::failed_item(std::size_t item) {
  const auto failure = failure_of(item);
  keep_failed(item, failure);
  std::string().swap(items_[item]);
  ++failed_;
  // Which item failed is kept as that item's answer; getting any result throws it.
  if (setting_.on_failure == detail::OnFailure::stop) finish(failure);
}

// Their call is over, and there is the log to tell with them. True: there were some.
bool Job::take_up_early_failures(const Chunk& chunk) {
  const auto from = early_failures_.lower_bound(chunk.first - chunk.before);
  const auto to = early_failures_.lower_bound(chunk.first);
  if (from == to) return false;
  std::for_each(from, to, [this](std::size_t item) { failed_item(item); });
  early_failures_.erase(from, to);
  return true;
}

// The items that have not begun are sent again.
Job::Told Job::fail(Chunk chunk, Error error, std::size_t begun) {
  if (left_out_ && error.kind == ErrorKind::cancelled) {  // withdrawn after another's failure
    for (std::size_t i = 0; i < chunk.count; ++i) answers_[chunk.first + i].failure = left_out_;
    answered_ += chunk.count;
    finish_if_all();
    return {chunk.count};
  }
  if (setting_.recorder && begun < chunk.count)
    if (auto written = setting_.recorder->not_run(chunk.first + begun, chunk.count - begun); !written)
      error = std::move(written.error());
  chunk.count = begun;
  if (setting_.recorder)
    if (auto written = setting_.recorder->failed(chunk.first, chunk.count, error.kind); !written)
      error = std::move(written.error());
  const pool::Fault fault = pool::fault_of(error.kind);
  if (fault == pool::Fault::every_call && !left_out_) left_out_ = left_out(error, position(chunk.first));
  std::optional<std::size_t> item;
  if (is_map()) {
    item = position(chunk.first);
    error.message += place_of(chunk);
  }
  const std::exception_ptr failure = to_exception(error, item);
  Told told{.done = chunk.count, .fault = fault};
  fail_each(chunk, error.kind, failure, told);
  return told;
}

void Job::fail_each(const Chunk& chunk, ErrorKind kind, const std::exception_ptr& failure, Told& told) {
  for (std::size_t item = chunk.first; item < chunk.first + chunk.count; ++item) {
    if (done_) return;
    if (kind == ErrorKind::out_of_memory && climbs(item, told)) continue;
    if (told.fault == pool::Fault::call && comes_again(item, failure, told)) continue;
    keep_failed(item, failure);
    answers_[item].failure = failure;
    ++answered_;
    ++failed_;
  }
  if (told.again.size() == chunk.count) {
    told.fault.reset();
  } else if (setting_.on_failure == detail::OnFailure::stop) {
    finish(failure);
  } else {
    finish_if_all();
  }
}

std::exception_ptr Job::failure_of(std::size_t item) {
  try {
    result(item);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

void Job::keep_failed(std::size_t item, const std::exception_ptr& failure) {
  if (setting_.keep_failed.empty() || !setting_.keeper) return;
  setting_.keeper->keep(setting_.keep_failed,
                        setting_.head + runtime::write_items(setting_.head, &items_[item], 1),
                        is_map() ? std::optional(position(item)) : std::nullopt, failure);
}

void Job::leave_out(const Error& error) {
  const std::lock_guard lock(mutex_);
  left_out_ = to_exception(error);
  if (setting_.on_failure == detail::OnFailure::stop) finish(left_out_);
}

void Job::give_up(const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (done_) return;
  const std::exception_ptr failure = left_out_ ? left_out_ : cancelled();
  if (!is_map()) return finish(failure);
  for (std::size_t i = 0; i < chunk.count; ++i) answers_[chunk.first + i].failure = failure;
  answered_ += chunk.count;
  finish_if_all();
}

void Job::finish(const std::exception_ptr& failure) {
  if (done_) return;
  failure_ = failure;
  done_ = true;
  if (setting_.recorder) setting_.recorder->close();
  changed_.notify_all();
}

void Job::finish_if_all() {
  if (answered_ == answers_.size()) finish(nullptr);
}

void Job::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_; });
  lock.unlock();
  let_print();
}

bool Job::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, deadline, [this] { return done_; })) return false;
  lock.unlock();
  let_print();
  return true;
}

bool Job::cancel() {
  {
    const std::lock_guard lock(mutex_);
    if (done_) return false;
    if (is_map()) finish(cancelled());
  }
  const auto dispatcher = setting_.dispatcher.lock();
  if (is_map()) {
    if (dispatcher) dispatcher->withdraw(setting_.number, Dispatcher::UnderWay::let_go);
    return true;
  }
  return dispatcher && dispatcher->withdraw(setting_.number, Dispatcher::UnderWay::awaited);
}

void Job::open_single() {
  Reply reply = *std::exchange(single_, std::nullopt);
  auto body = outcome_body(reply, setting_.peer);
  if (!body) return void(failure_ = to_exception(refusal(body.error(), single_call_, reply.request_id)));
  try {
    bodies_.push_back(std::move(*body));
    const runtime::OutcomeMessage outcome = runtime::read_outcome(bodies_.back());
    if (outcome.items.size() != 1) throw MalformedMessage("it does not hold one result");
    answers_[0] = {outcome.items[0].status, outcome.items[0].bytes, nullptr, single_call_};
  } catch (const MalformedMessage& malformed) {
    failure_ = to_exception(refusal(unreadable(malformed), single_call_, reply.request_id));
  }
}

// Called once the job is done, by its one owner (or under the lock, while items arrive).
std::string_view Job::result(std::size_t item) {
  if (single_) open_single();
  if (failure_) {
    if (setting_.on_failure == detail::OnFailure::stop || !answers_[item].failure)
      std::rethrow_exception(failure_);
  }
  const Answer& answer = answers_[item];
  if (answer.failure) std::rethrow_exception(answer.failure);
  if (answer.status == runtime::Status::value) return answer.bytes;
  const std::string log = setting_.logs->of_call(answer.call);
  const std::optional<std::size_t> index = is_map() ? std::optional(position(item)) : std::nullopt;
  if (answer.status == runtime::Status::too_large) {
    const std::string place = is_map() ? place_of({.job = 0, .call = 0, .first = item, .count = 1}) : "";
    throw PayloadTooLarge(std::string(answer.bytes) + place, {.log_tail = log, .item = index});
  }
  try {
    runtime::throw_described(answer.bytes);
  } catch (RemoteError& own) {
    own.attach(log, index);
    throw;
  } catch (const MalformedMessage& malformed) {
    throw ProtocolError(std::string("the function's exception cannot be read: ") + malformed.what());
  }
}

std::string Job::logs() {
  std::size_t calls = 0;
  {
    const std::lock_guard lock(mutex_);
    calls = calls_;
  }
  return setting_.logs->of_job(setting_.number, calls);
}

Report Job::report() { return setting_.books->report(setting_.account.get()); }

Progress Job::progress() {
  Progress now;
  const auto dispatcher = setting_.dispatcher.lock();
  const auto standing = dispatcher ? dispatcher->standing(setting_.number) : Dispatcher::Standing();
  {
    const std::lock_guard lock(mutex_);
    now.done = done_ && !failure_ ? answers_.size() : answered_;
    now.total = answers_.size();
    now.failed = failed_;
    now.retried = run_again_;
  }
  now.running = std::min(standing.items_out, now.total - now.done);
  now.queued = now.total - now.done - now.running;
  const report::Retries& retries = standing.retries;
  now.retried += retries.lost + retries.not_reached + retries.refused_token;
  now.throttled = retries.throttled_rate + retries.throttled_concurrency;
  now.cost = setting_.books->cost_of(*setting_.account);
  return now;
}

void Job::forget_results() {
  const std::lock_guard lock(mutex_);
  answers_ = {};
  bodies_ = {};
  items_ = {};
  single_.reset();
}

}  // namespace lambdapool::api

#include "api/batch.hpp"

#include <algorithm>
#include <utility>

#include "api/failure.hpp"
#include "core/envelope.hpp"
#include "lambdapool/codec/bytes.hpp"
#include "lambdapool/errors.hpp"
#include "runtime/exception.hpp"
#include "runtime/program.hpp"

namespace lambdapool::api {
namespace {

constexpr const char* has_run = "; the function may have run";

// Nothing of the body is decoded unless the program that made it is this one.
Result<std::string> outcome_body(std::string_view payload, const std::string& own_peer) {
  auto envelope = envelope::decode(envelope::Direction::outcome, payload);
  if (!envelope) {
    envelope.error().message += has_run;
    return tl::unexpected<Error>(envelope.error());
  }
  if (envelope->codec != "cpp") {
    return fail(ErrorKind::code_mismatch, "the function answered with the codec \"" + envelope->codec +
                                              "\"; it was not made from a C++ executable");
  }
  const auto theirs = runtime::ProgramIdentity::parse(envelope->peer);
  if (compare(runtime::ProgramIdentity::parse(own_peer), theirs) == runtime::Coherence::different)
    return fail(ErrorKind::protocol, "the answer was made by another program than this one (its peer is \"" +
                                         envelope->peer + "\"), so it was not read" + has_run);
  return std::move(envelope->body);
}

Error unreadable(const MalformedMessage& malformed) {
  return {ErrorKind::protocol,
          std::string("the function's answer cannot be read: ") + malformed.what() + has_run};
}

// Which of a map's elements an error is about.
std::string place_of(std::size_t first, std::size_t count) {
  if (count == 1) return " (item " + std::to_string(first) + ")";
  return " (one of the items " + std::to_string(first) + " to " + std::to_string(first + count - 1) +
         ", which shared a call)";
}

std::exception_ptr cancelled() {
  return std::make_exception_ptr(Cancelled("the call was cancelled before it finished"));
}

}  // namespace

ItemBatch::ItemBatch(std::shared_ptr<Transport> transport, std::string head, std::vector<std::string> items,
                     std::size_t chunksize, detail::OnFailure on_failure)
    : transport_(std::move(transport)),
      head_(std::move(head)),
      on_failure_(on_failure),
      items_(std::move(items)),
      chunking_(chunksize, transport_->workers()),
      answers_(items_.size()),
      done_(items_.empty()) {}

// As many bytes as an invocation should carry; a single item goes whatever its size.
std::size_t ItemBatch::fit_bytes(Range range) const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < range.count; ++i) {
    bytes += items_[range.first + i].size();
    if (bytes > Chunking::max_bytes) return std::max<std::size_t>(i, 1);
  }
  return range.count;
}

std::optional<ItemBatch::Range> ItemBatch::next_range() {
  if (done_ || out_.size() >= transport_->workers()) return std::nullopt;
  if (!sent_again_.empty()) {
    const Range range = sent_again_.front();
    sent_again_.pop_front();
    return range;
  }
  if (unsent_ == items_.size()) return std::nullopt;
  Range range{unsent_, chunking_.next(items_.size() - unsent_)};
  range.count = fit_bytes(range);
  unsent_ += range.count;
  return range;
}

// One thread at a time. An answer that arrives meanwhile, perhaps from within submit, leaves its sending to
// the loop that is at it.
void ItemBatch::send() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(sending_, true)) return;
  }
  while (true) {
    std::string items;
    std::uint64_t chunk = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto range = next_range();
      if (!range) {
        sending_ = false;
        return;
      }
      items = runtime::write_items(head_, &items_[range->first], range->count);
      chunk = chunks_++;
      out_.emplace(chunk, Chunk{*range});
    }
    const Transport::Id id =
        transport_->submit(head_, items, [self = shared_from_this(), chunk](Result<Reply> reply) {
          self->arrived(chunk, std::move(reply));
          self->send();
          self->withdraw();
        });
    const std::lock_guard lock(mutex_);
    if (const auto found = out_.find(chunk); found != out_.end()) found->second.id = id;
  }
}

void ItemBatch::keep_log(std::uint64_t chunk, Result<Reply>& reply) {
  if (reply)
    log_tails_.keep_base64(chunk, std::move(reply->log_tail_base64));
  else
    log_tails_.keep_text(chunk, reply.error().log_tail);
}

void ItemBatch::arrived(std::uint64_t chunk, Result<Reply> reply) {
  const std::lock_guard lock(mutex_);
  const auto found = out_.find(chunk);
  if (found == out_.end()) return;
  const Range range = found->second.range;
  out_.erase(found);
  if (done_) return;  // also no logs any more: result() reads them without the lock
  keep_log(chunk, reply);
  if (!reply) {
    fail_range(range, std::move(reply.error()));
  } else if (items_.size() == 1) {
    single_ = std::move(*reply);
    finish(nullptr);
    return;
  } else {
    accept(chunk, range, *reply);
  }
  if (answered_ == items_.size() && !done_) finish(nullptr);
}

// Of an answer that came and is none: with what its sender may look the call up by.
Error ItemBatch::refusal(Error error, std::uint64_t chunk, const std::string& request_id) const {
  if (!request_id.empty()) error.message += " (request id " + request_id + ")";
  error.request_id = request_id;
  error.log_tail = log_tails_.of(chunk).text;
  return error;
}

void ItemBatch::accept(std::uint64_t chunk, Range range, const Reply& reply) {
  auto body = outcome_body(reply.payload, transport_->peer());
  if (!body) return fail_range(range, refusal(body.error(), chunk, reply.request_id));
  try {
    accept_items(chunk, range, std::move(*body));
  } catch (const MalformedMessage& malformed) {
    fail_range(range, refusal(unreadable(malformed), chunk, reply.request_id));
  }
}

void ItemBatch::accept_items(std::uint64_t chunk, Range range, std::string body) {
  bodies_.push_back(std::move(body));
  const runtime::OutcomeMessage outcome = runtime::read_outcome(bodies_.back());
  const std::size_t count = outcome.items.size();
  if (count == 0 || count > range.count)
    throw MalformedMessage("it holds another number of results than was asked for");
  chunking_.observe(count, outcome.busy);
  for (std::size_t i = 0; i < count; ++i) {
    answers_[range.first + i] = {outcome.items[i].status, outcome.items[i].bytes, nullptr, chunk};
    std::string().swap(items_[range.first + i]);
  }
  answered_ += count;
  if (count < range.count) sent_again_.push_back({range.first + count, range.count - count});
  if (on_failure_ != detail::OnFailure::stop) return;
  for (std::size_t i = 0; i < count; ++i) {
    if (outcome.items[i].status == runtime::Status::value) continue;
    // Which item failed is kept as that item's answer; getting any result throws it.
    try {
      result(range.first + i);
    } catch (...) {
      return finish(std::current_exception());
    }
  }
}

void ItemBatch::fail_range(Range range, Error error) {
  std::optional<std::size_t> item;
  if (is_map()) {
    item = range.first;
    error.message += place_of(range.first, range.count);
  }
  const std::exception_ptr failure = to_exception(error, item);
  if (on_failure_ == detail::OnFailure::stop) return finish(failure);
  for (std::size_t i = 0; i < range.count; ++i) answers_[range.first + i].failure = failure;
  answered_ += range.count;
}

void ItemBatch::finish(const std::exception_ptr& failure) {
  failure_ = failure;
  done_ = true;
  changed_.notify_all();
}

void ItemBatch::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_; });
}

bool ItemBatch::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [this] { return done_; });
}

// After a failure that ends the batch: what waits in the engine is not sent either.
void ItemBatch::withdraw() {
  std::vector<Transport::Id> ids;
  {
    const std::lock_guard lock(mutex_);
    if (!done_ || !failure_ || std::exchange(withdrawn_, true)) return;
    for (const auto& [number, chunk] : out_) {
      if (chunk.id) ids.push_back(*chunk.id);
    }
  }
  for (const Transport::Id id : ids) transport_->cancel(id);
}

bool ItemBatch::cancel() {
  std::vector<Transport::Id> ids;
  {
    const std::lock_guard lock(mutex_);
    if (done_) return false;
    for (const auto& [number, chunk] : out_) {
      if (chunk.id) ids.push_back(*chunk.id);
    }
    if (items_.size() > 1) {
      withdrawn_ = true;  // below
      finish(cancelled());
    } else if (ids.empty()) {
      return false;
    }
  }
  bool stopped = false;
  for (const Transport::Id id : ids) stopped = transport_->cancel(id) || stopped;
  return items_.size() > 1 || stopped;
}

void ItemBatch::open_single() {
  constexpr std::uint64_t only_chunk = 0;
  const Reply reply = *std::exchange(single_, std::nullopt);
  auto body = outcome_body(reply.payload, transport_->peer());
  if (!body) return void(failure_ = to_exception(refusal(body.error(), only_chunk, reply.request_id)));
  try {
    bodies_.push_back(std::move(*body));
    const runtime::OutcomeMessage outcome = runtime::read_outcome(bodies_.back());
    if (outcome.items.size() != 1) throw MalformedMessage("it does not hold one result");
    answers_[0] = {outcome.items[0].status, outcome.items[0].bytes, nullptr};
  } catch (const MalformedMessage& malformed) {
    failure_ = to_exception(refusal(unreadable(malformed), only_chunk, reply.request_id));
  }
}

// Called once the batch is done, by its one owner (or under the lock, while items arrive).
std::string_view ItemBatch::result(std::size_t item) {
  if (single_) open_single();
  if (failure_) {
    if (on_failure_ == detail::OnFailure::stop || !answers_[item].failure) std::rethrow_exception(failure_);
  }
  const Answer& answer = answers_[item];
  if (answer.failure) std::rethrow_exception(answer.failure);
  if (answer.status == runtime::Status::value) return answer.bytes;
  const std::string log = log_tails_.of(answer.call).text;
  const std::optional<std::size_t> index = is_map() ? std::optional(item) : std::nullopt;
  if (answer.status == runtime::Status::too_large) {
    const std::string place = is_map() ? place_of(item, 1) : "";
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

std::string ItemBatch::logs() {
  const std::lock_guard lock(mutex_);
  std::string all;
  for (std::uint64_t chunk = 0; chunk < chunks_; ++chunk) all += log_tails_.of(chunk).text;
  if (log_tails_.dropped() == 0) return all;
  return "[lambdapool: the logs of " + std::to_string(log_tails_.dropped()) +
         " earlier calls are not kept any more]\n" + all;
}

void ItemBatch::forget_results() {
  const std::lock_guard lock(mutex_);
  answers_ = {};
  bodies_ = {};
  items_ = {};
  single_.reset();
}

}  // namespace lambdapool::api

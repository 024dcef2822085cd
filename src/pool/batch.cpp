#include "pool/batch.hpp"

#include <algorithm>
#include <utility>

namespace lambdapool::pool {

Fault fault_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
    case ErrorKind::credentials:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::access_denied:
    case ErrorKind::throttled:  // nothing of the pool got through for as long as its user waits
    case ErrorKind::code_mismatch:
    case ErrorKind::cancelled:
    case ErrorKind::run:
    case ErrorKind::budget:
      return Fault::every_call;
    case ErrorKind::payload_too_large:
    case ErrorKind::timed_out:
    case ErrorKind::out_of_memory:
    case ErrorKind::worker_died:
    case ErrorKind::function_error:
    case ErrorKind::network:
    case ErrorKind::protocol:
    case ErrorKind::service:
    case ErrorKind::io:
      return Fault::call;
  }
  return Fault::call;
}

bool may_have_run(ErrorKind kind) {
  const bool befell_it_here = kind == ErrorKind::payload_too_large || kind == ErrorKind::io;
  return fault_of(kind) == Fault::call && !befell_it_here;
}

void Batch::add(Job job, std::size_t items, const JobOptions& options) {
  const bool queued = items > 0;
  if (!queued && !options.open) return;
  jobs_.insert_or_assign(job, Record{.options = options,
                                     .chunking = {options.chunksize, workers_, options.rows},
                                     .items = items,
                                     .order = ++last_order_,
                                     .queued = queued});
  if (queued) queue_.push_back(job);
}

bool Batch::extend(Job job, std::size_t items) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.ended) return false;
  Record& record = found->second;
  record.items += items;
  if (record.may_send() && !std::exchange(record.queued, true)) queue_.push_back(job);
  return true;
}

void Batch::close(Job job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.options.open = false;
  forget_if_done(job, found->second);
}

std::optional<Batch::Job> Batch::front() {
  while (!queue_.empty()) {
    const Job job = queue_.front();
    const auto found = jobs_.find(job);
    if (found != jobs_.end() && found->second.may_send()) return job;
    if (found != jobs_.end()) found->second.queued = false;
    queue_.pop_front();
  }
  return std::nullopt;
}

std::optional<Batch::Job> Batch::turn() {
  const auto job = front();
  if (!job) return std::nullopt;
  const bool finds_size = jobs_.at(*job).chunking.finds_size();
  const std::size_t room = finds_size ? std::min(window_, 2 * workers_) : window_;
  return calls_.size() - carried_ < room ? job : std::nullopt;
}

std::optional<Batch::Chunk> Batch::next() {
  const auto job = turn();
  return job ? std::optional(send(*job, 0)) : std::nullopt;
}

Batch::Chunk Batch::next_with(Call carrier) { return send(front().value(), carrier); }

Batch::Chunk Batch::send(Job job, Call carrier) {
  Record& record = jobs_.at(job);
  Chunk chunk{};
  if (record.doubled.empty()) {
    chunk = sent(job, record, take(record), carrier);
  } else {
    const Call first = record.doubled.back();
    record.doubled.pop_back();
    const Chunk same = calls_.at(first);
    chunk = sent(job, record, {same.first, same.count}, carrier);
    twins_.emplace(first, chunk.call);
    twins_.emplace(chunk.call, first);
    doubled_.insert(chunk.call);
  }
  if (!record.may_send()) {
    record.queued = false;
    queue_.pop_front();
  }
  return chunk;
}

Batch::Chunk Batch::sent(Job job, Record& record, Range range, Call carrier) {
  const bool row = record.options.rows && range.count > 1;
  const Chunk chunk{.job = job,
                    .call = ++last_call_,
                    .first = range.first,
                    .count = range.count,
                    .row = row,
                    .again = range.again,
                    .carrier = carrier};
  calls_.emplace(chunk.call, chunk);
  if (carrier != 0) ++carried_;
  record.out += chunk.count;
  return chunk;
}

Batch::Range Batch::take(Record& record) {
  const std::size_t room = record.allowed - record.out;
  if (!record.again.empty()) {
    Range& last = record.again.back();
    const std::size_t most = record.options.rows ? record.chunking.next(last.count) : last.count;
    const Range range{last.first, std::min(most, room), true};
    last.first += range.count;
    last.count -= range.count;
    if (last.count == 0) record.again.pop_back();
    return range;
  }
  const Range range{record.unsent, std::min(record.chunking.next(record.items - record.unsent), room)};
  record.unsent += range.count;
  return range;
}

Batch::Rest Batch::shorten(Call call, std::size_t count) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return std::nullopt;
  if (found->second.row) jobs_.at(found->second.job).chunking.limit_rows(count);
  return leave(call, found->second, count);
}

void Batch::cut(Call call, std::size_t items) {
  const auto found = calls_.find(call);
  if (found == calls_.end() || items <= found->second.before) return;
  if (jobs_.at(found->second.job).sends_again()) leave(call, found->second, items - found->second.before);
}

Batch::Rest Batch::leave(Call call, Chunk& chunk, std::size_t count) {
  // The other items of a twin are its twin's, too: where they have no outcome then, settle() puts them back.
  if (count >= chunk.count || twins_.contains(call)) return std::nullopt;
  const Range left{chunk.first + count, chunk.count - count};
  chunk.count = count;
  Record& record = jobs_.at(chunk.job);
  record.out -= left.count;
  return put_back(chunk.job, record, left);
}

std::optional<Batch::Chunk> Batch::arrived(Call call) {
  if (const auto twin = twin_of(call)) {
    unlink(call);
    if (const auto chunk = forget(*twin)) too_late_.emplace(*twin, chunk->job);
  }
  too_late_.erase(call);
  doubled_.erase(call);
  auto node = calls_.extract(call);
  if (!node) return std::nullopt;
  if (node.mapped().carrier != 0) --carried_;
  if (const auto found = jobs_.find(node.mapped().job); found != jobs_.end())
    std::erase(found->second.doubled, call);
  return node.mapped();
}

std::optional<Batch::Chunk> Batch::arrived_early(Call call, std::size_t first, std::size_t count) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return std::nullopt;
  Chunk& chunk = found->second;
  const std::size_t known = chunk.before - std::min(chunk.before, first);
  // The last ones are left to the answer, which ends the call.
  if (first > chunk.before || count <= known || count - known >= chunk.count) return std::nullopt;
  const Chunk early{chunk.job, call, chunk.first, count - known, known};
  take_off(chunk, early.count);
  if (const auto twin = twin_of(call)) {
    take_off(calls_.at(*twin), early.count);
    come_back(chunk.job, jobs_.at(chunk.job), early.count);
  }
  return early;
}

void Batch::take_off(Chunk& chunk, std::size_t count) {
  chunk.first += count;
  chunk.count -= count;
  chunk.before += count;
}

// Nobody settles its items.
std::optional<Batch::Chunk> Batch::forget(Call call) {
  const auto chunk = arrived(call);
  const auto found = chunk ? jobs_.find(chunk->job) : jobs_.end();
  if (found != jobs_.end()) come_back(chunk->job, found->second, chunk->count);
  return chunk;
}

void Batch::come_back(Job job, Record& record, std::size_t items) {
  record.out -= std::min(record.out, items);
  if (record.may_send()) queue(job, record);
}

std::optional<Batch::Chunk> Batch::failed_alone(Call call) {
  if (!twin_of(call)) return arrived(call);
  unlink(call);
  forget(call);
  return std::nullopt;
}

std::optional<Batch::Call> Batch::twin_of(Call call) const {
  const auto found = twins_.find(call);
  return found == twins_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Batch::Job> Batch::was_too_late(Call call) const {
  const auto found = too_late_.find(call);
  return found == too_late_.end() ? std::nullopt : std::optional(found->second);
}

void Batch::unlink(Call call) {
  if (const auto link = twins_.extract(call)) twins_.erase(link.mapped());
}

void Batch::start_again(Call call) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  Record& record = jobs_.at(found->second.job);
  if (record.ended || !doubled_.insert(call).second) return;
  record.doubled.push_back(call);
  if (record.may_send()) queue(found->second.job, record);
}

bool Batch::again_later(Job job, std::size_t item) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.ended) return false;
  found->second.waiting.push_back(item);
  ++found->second.repeated;
  return true;
}

void Batch::due(Job job, std::size_t item) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || std::erase(found->second.waiting, item) == 0) return;
  put_back(job, found->second, {item, 1});
}

void Batch::allow(Job job, std::size_t items) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.allowed = items;
  if (found->second.may_send()) queue(job, found->second);
}

bool Batch::is_held(Job job) const {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return false;
  const Record& record = found->second;
  return record.allowed == 0 && record.out == 0 && (record.has_more() || !record.waiting.empty());
}

Batch::Rest Batch::settle(const Chunk& chunk, std::size_t done) {
  const auto found = jobs_.find(chunk.job);
  if (found == jobs_.end()) return std::nullopt;
  Record& record = found->second;
  record.settled += done;
  come_back(chunk.job, record, chunk.count);
  Rest rest;
  if (done < chunk.count) rest = put_back(chunk.job, record, {chunk.first + done, chunk.count - done});
  forget_if_done(chunk.job, record);
  return rest;
}

Batch::Rest Batch::settle(const Chunk& chunk, std::size_t done, Chunking::Seconds busy, std::size_t bytes) {
  if (const auto found = jobs_.find(chunk.job); found != jobs_.end())
    found->second.chunking.observe(chunk.before + done, busy, bytes);
  return settle(chunk, done);
}

Batch::Rest Batch::put_back(Job job, Record& record, Range range) {
  if (!record.sends_again()) {
    record.settled += range.count;
    return Chunk{job, 0, range.first, range.count};
  }
  record.again.push_back(range);
  if (record.may_send()) queue(job, record);
  return std::nullopt;
}

// Its turn may have come before, so the job goes before those that came later.
void Batch::queue(Job job, Record& record) {
  if (std::exchange(record.queued, true)) return;
  const auto later = std::ranges::find_if(queue_, [&](Job other) {
    const auto found = jobs_.find(other);
    return found != jobs_.end() && found->second.order > record.order;
  });
  queue_.insert(later, job);
}

void Batch::forget_if_done(Job job, const Record& record) {
  if (record.is_done()) jobs_.erase(job);
}

std::optional<Batch::Ended> Batch::failed(Job job, Fault fault) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.ended || fault < found->second.options.ends_with)
    return std::nullopt;
  Record& record = found->second;
  return end(job, record, record.options.lets_go, record.options.rows && !record.options.lets_go);
}

Batch::Ended Batch::end(Job job, bool lets_go) {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? Ended() : end(job, found->second, lets_go, false);
}

Batch::Ended Batch::end(Job job, Record& record, bool lets_go, bool sends_rest) {
  Ended ended;
  record.ended = true;
  record.sends_rest = sends_rest;
  record.options.open = false;
  if (!record.sends_again()) {
    for (const Range& range : record.again) ended.given_up.push_back({job, 0, range.first, range.count});
    record.again.clear();
  }
  for (const std::size_t item : record.waiting) ended.given_up.push_back({job, 0, item, 1});
  record.waiting.clear();
  record.doubled.clear();
  if (record.unsent < record.items)
    ended.given_up.push_back({job, 0, record.unsent, record.items - record.unsent});
  record.unsent = record.items;
  ended.under_way = under_way(job);
  if (lets_go) {
    for (const Call call : ended.under_way) {
      if (const auto chunk = forget(call)) ended.given_up.push_back(*chunk);  // a twin goes with the other
    }
  }
  for (const Chunk& chunk : ended.given_up) record.settled += chunk.count;
  forget_if_done(job, record);
  return ended;
}

std::optional<Batch::Chunk> Batch::chunk_of(Call call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Batch::Standing> Batch::standing(Job job) const {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return std::nullopt;
  const Record& record = found->second;
  // Between again_later() and settle() there may be more that does not count than outcomes.
  return Standing{record.items, record.settled - std::min(record.settled, record.repeated), record.out};
}

bool Batch::sends_rest(Job job) const {
  const auto found = jobs_.find(job);
  return found != jobs_.end() && found->second.sends_rest;
}

bool Batch::has_unsent(Job job) const {
  const auto found = jobs_.find(job);
  return found != jobs_.end() && found->second.has_more();
}

std::vector<Batch::Call> Batch::under_way(Job job) const {
  std::vector<Call> calls;
  for (const auto& [call, chunk] : calls_) {
    if (chunk.job == job) calls.push_back(call);
  }
  std::ranges::sort(calls);
  return calls;
}

}  // namespace lambdapool::pool

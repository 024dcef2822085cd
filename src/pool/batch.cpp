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

void Batch::add(Job job, std::size_t items, const JobOptions& options) {
  const bool queued = items > 0;
  if (!queued && !options.open) return;
  jobs_.insert_or_assign(job, Record{.options = options,
                                     .chunking = {options.chunksize, workers_},
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
  if (!std::exchange(record.queued, true)) queue_.push_back(job);
  return true;
}

void Batch::close(Job job) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return;
  found->second.options.open = false;
  forget_if_done(job, found->second);
}

std::optional<Batch::Job> Batch::turn() {
  while (!queue_.empty()) {
    const Job job = queue_.front();
    const auto found = jobs_.find(job);
    if (found == jobs_.end() || !found->second.has_more()) {
      if (found != jobs_.end()) found->second.queued = false;
      queue_.pop_front();
      continue;
    }
    const bool finds_size = found->second.chunking.finds_size();
    if (calls_.size() >= (finds_size ? std::min(window_, 2 * workers_) : window_)) return std::nullopt;
    return job;
  }
  return std::nullopt;
}

std::optional<Batch::Chunk> Batch::next() {
  const auto job = turn();
  if (!job) return std::nullopt;
  Record& record = jobs_.at(*job);
  const Range range = take(record);
  const Chunk chunk{*job, ++last_call_, range.first, range.count};
  calls_.emplace(chunk.call, chunk);
  if (!record.has_more()) {
    record.queued = false;
    queue_.pop_front();
  }
  return chunk;
}

Batch::Range Batch::take(Record& record) {
  if (!record.again.empty()) {
    const Range range = record.again.back();
    record.again.pop_back();
    return range;
  }
  const Range range{record.unsent, record.chunking.next(record.items - record.unsent)};
  record.unsent += range.count;
  return range;
}

Batch::Rest Batch::shorten(Call call, std::size_t count) {
  const auto found = calls_.find(call);
  if (found == calls_.end() || count >= found->second.count) return std::nullopt;
  Chunk& chunk = found->second;
  const Range left{chunk.first + count, chunk.count - count};
  chunk.count = count;
  return put_back(chunk.job, jobs_.at(chunk.job), left);
}

std::optional<Batch::Chunk> Batch::arrived(Call call) {
  auto node = calls_.extract(call);
  if (!node) return std::nullopt;
  return node.mapped();
}

Batch::Rest Batch::settle(const Chunk& chunk, std::size_t done) {
  const auto found = jobs_.find(chunk.job);
  if (found == jobs_.end()) return std::nullopt;
  Record& record = found->second;
  record.settled += done;
  Rest rest;
  if (done < chunk.count) rest = put_back(chunk.job, record, {chunk.first + done, chunk.count - done});
  forget_if_done(chunk.job, record);
  return rest;
}

Batch::Rest Batch::settle(const Chunk& chunk, std::size_t done, Chunking::Seconds busy, std::size_t bytes) {
  if (const auto found = jobs_.find(chunk.job); found != jobs_.end())
    found->second.chunking.observe(done, busy, bytes);
  return settle(chunk, done);
}

// Its turn had come before, so the job goes before those that came later.
Batch::Rest Batch::put_back(Job job, Record& record, Range range) {
  if (record.ended) {
    record.settled += range.count;
    return Chunk{job, 0, range.first, range.count};
  }
  record.again.push_back(range);
  if (std::exchange(record.queued, true)) return std::nullopt;
  const auto later = std::ranges::find_if(queue_, [&](Job other) {
    const auto found = jobs_.find(other);
    return found != jobs_.end() && found->second.order > record.order;
  });
  queue_.insert(later, job);
  return std::nullopt;
}

void Batch::forget_if_done(Job job, const Record& record) {
  if (!record.options.open && record.settled == record.items) jobs_.erase(job);
}

std::optional<Batch::Ended> Batch::failed(Job job, Fault fault) {
  const auto found = jobs_.find(job);
  if (found == jobs_.end() || found->second.ended || fault < found->second.options.ends_with)
    return std::nullopt;
  return end(job, found->second.options.lets_go);
}

Batch::Ended Batch::end(Job job, bool lets_go) {
  Ended ended;
  const auto found = jobs_.find(job);
  if (found == jobs_.end()) return ended;
  Record& record = found->second;
  record.ended = true;
  record.options.open = false;
  for (const Range& range : record.again) ended.given_up.push_back({job, 0, range.first, range.count});
  record.again.clear();
  if (record.unsent < record.items)
    ended.given_up.push_back({job, 0, record.unsent, record.items - record.unsent});
  record.unsent = record.items;
  ended.under_way = under_way(job);
  if (lets_go) {
    for (const Call call : ended.under_way) ended.given_up.push_back(*arrived(call));
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
  std::size_t out = 0;
  for (const auto& [call, chunk] : calls_) out += chunk.job == job ? chunk.count : 0;
  return Standing{found->second.items, found->second.settled, out};
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

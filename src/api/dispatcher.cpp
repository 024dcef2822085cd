#include "api/dispatcher.hpp"

#include <utility>

#include "api/job.hpp"

namespace lambdapool::api {
namespace {

// C++ map has one exception to throw; map_outcomes has one for each item, and stops only where each would be
// the same.
pool::Batch::JobOptions options_of(std::size_t chunksize, detail::OnFailure on_failure) {
  if (on_failure == detail::OnFailure::stop)
    return {.chunksize = chunksize, .ends_with = pool::Fault::item, .lets_go = true};
  return {.chunksize = chunksize, .ends_with = pool::Fault::every_call};
}

}  // namespace

Dispatcher::Dispatcher(std::shared_ptr<Transport> transport)
    : transport_(std::move(transport)), batch_(transport_->workers(), 0) {}

std::shared_ptr<Job> Dispatcher::start(std::string head, std::vector<std::string> items, JobOptions options) {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = items.size();
    const auto number = ++last_job_;
    job = std::make_shared<Job>(
        Job::Setting{weak_from_this(), logs_, transport_->peer(), number, std::move(head), options.on_failure,
                     std::move(options.recorder), std::move(options.retry)},
        std::move(items));
    batch_.add(number, count, options_of(options.chunksize, options.on_failure));
    if (count > 0) jobs_.emplace(number, job);
  }
  send();
  return job;
}

// One thread at a time. An answer that arrives meanwhile, perhaps from within submit, leaves its sending to
// the loop that is at it.
void Dispatcher::send() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(sending_, true)) return;
  }
  while (true) {
    std::optional<Chunk> chunk;
    std::shared_ptr<Job> job;
    {
      const std::lock_guard lock(mutex_);
      chunk = batch_.next();
      if (!chunk) {
        sending_ = false;
        return;
      }
      job = jobs_.at(chunk->job);
    }
    send_chunk(job, *chunk);
  }
}

void Dispatcher::send_chunk(const std::shared_ptr<Job>& job, Chunk chunk) {
  if (const std::size_t count = job->fitting(chunk); count < chunk.count) {
    std::unique_lock lock(mutex_);
    const auto rest = batch_.shorten(chunk.call, count);
    lock.unlock();
    chunk.count = count;
    if (rest) job->give_up(*rest);
  }
  if (auto noted = job->sending(chunk); !noted)
    return arrived(chunk.call, tl::unexpected<Error>(std::move(noted.error())));
  transport_->submit(chunk.call, job->head(), job->message(chunk),
                     [self = shared_from_this(), call = chunk.call](Result<Reply> reply) {
                       self->arrived(call, std::move(reply));
                       self->send();
                     });
  std::unique_lock lock(mutex_);
  const bool wanted = batch_.is_out(chunk.call);
  lock.unlock();
  if (!wanted) transport_->cancel(chunk.call);  // its job ended in between
}

void Dispatcher::arrived(pool::Batch::Call call, Result<Reply> reply) {
  std::unique_lock lock(mutex_);
  const auto chunk = batch_.arrived(call);
  if (!chunk) return;
  const auto job = jobs_.at(chunk->job);
  lock.unlock();
  logs_->keep(*chunk, reply);
  const Job::Told told = job->take(*chunk, std::move(reply));
  lock.lock();
  std::vector<std::size_t> too_late;
  for (const auto& [item, delay] : told.again) {
    if (!batch_.again_later(chunk->job, item)) too_late.push_back(item);
  }
  const auto rest = told.bytes > 0 ? batch_.settle(*chunk, told.done, told.busy, told.bytes)
                                   : batch_.settle(*chunk, told.done);
  std::optional<pool::Batch::Ended> ended;
  if (told.fault) ended = batch_.failed(chunk->job, *told.fault);
  forget_if_done(chunk->job);
  lock.unlock();
  if (rest) job->give_up(*rest);
  if (ended) end(*job, *ended);
  for (const std::size_t item : too_late) job->give_up({chunk->job, 0, item, 1});
  for (const auto& [item, delay] : told.again) {
    transport_->after(delay, [weak = weak_from_this(), number = chunk->job, item = item] {
      if (const auto self = weak.lock()) self->due(number, item);
    });
  }
}

void Dispatcher::due(pool::Batch::Job number, std::size_t item) {
  std::unique_lock lock(mutex_);
  batch_.due(number, item);
  lock.unlock();
  send();
}

// Under the lock.
void Dispatcher::forget_if_done(pool::Batch::Job number) {
  if (batch_.knows(number)) return;
  jobs_.erase(number);
  if (jobs_.empty()) idle_.notify_all();
}

void Dispatcher::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return jobs_.empty(); });
}

// True: something had not been sent.
bool Dispatcher::end(Job& job, const pool::Batch::Ended& ended) {
  bool stopped = false;
  for (const auto call : ended.under_way) stopped = transport_->cancel(call) || stopped;
  for (const auto& chunk : ended.given_up) {
    job.give_up(chunk);
    stopped = stopped || chunk.call == 0;
  }
  return stopped;
}

bool Dispatcher::withdraw(pool::Batch::Job number, UnderWay under_way) {
  std::unique_lock lock(mutex_);
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return false;
  const auto job = found->second;
  const auto ended = batch_.end(number, under_way == UnderWay::let_go);
  forget_if_done(number);
  lock.unlock();
  const bool stopped = end(*job, ended);
  send();
  return stopped;
}

}  // namespace lambdapool::api

#include "api/dispatcher.hpp"

#include <utility>

#include "api/job.hpp"
#include "report/figures.hpp"

namespace lambdapool::api {
namespace {

// C++ map has one exception to throw; map_outcomes has one for each item, and stops only where each would be
// the same.
pool::Batch::JobOptions options_of(std::size_t chunksize, detail::OnFailure on_failure) {
  if (on_failure == detail::OnFailure::stop)
    return {.chunksize = chunksize, .ends_with = pool::Fault::item, .lets_go = true};
  return {.chunksize = chunksize, .ends_with = pool::Fault::every_call};
}

Error over_budget(const report::Budget& budget) {
  if (budget.dearest() <= 0)
    return {ErrorKind::budget,
            "max_cost cannot be kept: the platform has not told what the map's first calls have cost"};
  return {
      ErrorKind::budget,
      "the map has cost " + report::dollars(budget.spent()) + " of its max_cost of " +
          report::dollars(budget.dollars()) + ", and an item costs up to " +
          report::dollars(budget.dearest()) +
          "; this item was not run, and no other (a map with a name keeps what is done, and goes on with a "
          "new max_cost)"};
}

}  // namespace

Dispatcher::Dispatcher(std::shared_ptr<Transport> transport, std::shared_ptr<Books> books,
                       std::shared_ptr<Keeper> keeper)
    : transport_(std::move(transport)),
      books_(std::move(books)),
      keeper_(std::move(keeper)),
      shown_(transport_->shown()),
      batch_(transport_->workers(), 0) {}

std::shared_ptr<Job> Dispatcher::start(std::string head, std::vector<std::string> items, JobOptions options) {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = items.size();
    const auto number = ++last_job_;
    job = std::make_shared<Job>(
        Job::Setting{weak_from_this(), logs_, transport_->peer(), number, std::move(head), options.on_failure,
                     std::move(options.recorder), std::move(options.retry), books_, books_->open(number),
                     options.variant, options.variant == 0 ? transport_->variants() : 0, keeper_,
                     std::move(options.keep_failed), shown_},
        std::move(items));
    batch_.add(number, count, options_of(options.chunksize, options.on_failure));
    if (count > 0) jobs_.emplace(number, job);
    if (options.rerun_stragglers && count > 0) stragglers_.watch(number);
    if (options.max_cost && count > 0 && books_->prices())
      batch_.allow(number, budgets_.try_emplace(number, *options.max_cost).first->second.room());
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
    std::optional<pool::Handovers::Handover> handover;
    std::shared_ptr<Job> job;
    {
      const std::lock_guard lock(mutex_);
      chunk = batch_.next();
      if (!chunk) {
        sending_ = false;
        return;
      }
      handover.emplace(handovers_, chunk->call);
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
    return arrived(chunk.call, tl::unexpected<Error>(std::move(noted.error())), nullptr);
  std::shared_ptr<Ahead> ahead;
  if (chunk.count > 1 || shown_.output) {
    ahead =
        std::make_shared<Ahead>(Ahead{[self = shared_from_this(), call = chunk.call](pool::EarlyPart part) {
          self->arrived_early(call, std::move(part));
          self->send();
        }});
    if (shown_.output) ahead->name = job->name_of(chunk);
  }
  transport_->submit(
      chunk.call, job->head(), job->message(chunk), job->variant_of(chunk),
      [self = shared_from_this(), call = chunk.call, ahead](Result<Reply> reply) {
        self->arrived(call, std::move(reply), ahead.get());
        self->send();
      },
      ahead);
  std::unique_lock lock(mutex_);
  const bool wanted = batch_.is_out(chunk.call);
  lock.unlock();
  if (!wanted) transport_->cancel(chunk.call);  // its job ended in between
}

void Dispatcher::arrived(pool::Batch::Call call, Result<Reply> reply, const Ahead* ahead) {
  std::unique_lock lock(mutex_);
  const auto twin = batch_.twin_of(call);
  const auto chunk = take(call, reply.has_value());
  if (!chunk) return;
  const auto job = jobs_.at(chunk->job);
  lock.unlock();
  logs_->keep(*chunk, reply);
  const auto begun = ahead && ahead->parts ? ahead->parts->begun_of(*chunk) : chunk->count;
  const Job::Told told = job->take(*chunk, std::move(reply), begun);
  lock.lock();
  const auto too_late = wait_again(chunk->job, told.again);
  const auto rest = told.bytes > 0 ? batch_.settle(*chunk, told.done, told.busy, told.bytes)
                                   : batch_.settle(*chunk, told.done);
  std::optional<pool::Batch::Ended> ended;
  if (told.fault) ended = batch_.failed(chunk->job, *told.fault);
  if (told.call)
    stragglers_.came_back(chunk->job, told.call->times.arrived - told.call->times.sent, told.done);
  const bool watched = stragglers_.watches(chunk->job);
  if (!ended) ended = end_for_money(chunk->job, told.call, *job);
  forget_if_done(chunk->job);
  lock.unlock();
  if (twin) transport_->cancel(*twin);
  if (watched) look_for_stragglers(chunk->job);
  if (rest) job->give_up(*rest);
  if (ended) end(*job, *ended);
  for (const std::size_t item : too_late) job->give_up({chunk->job, 0, item, 1});
  send_again(chunk->job, told.again);
}

void Dispatcher::arrived_early(pool::Batch::Call call, pool::EarlyPart part) {
  std::unique_lock lock(mutex_);
  const auto chunk = batch_.arrived_early(call, part.first, part.count);
  if (!chunk) return;
  const auto job = jobs_.at(chunk->job);
  lock.unlock();
  const Job::Told told = job->take_early(*chunk, std::move(part));
  lock.lock();
  const auto too_late = wait_again(chunk->job, told.again);
  const auto rest = batch_.settle(*chunk, told.done);
  std::optional<pool::Batch::Ended> ended;
  if (told.fault) ended = batch_.failed(chunk->job, *told.fault);
  forget_if_done(chunk->job);
  lock.unlock();
  if (rest) job->give_up(*rest);
  if (ended) end(*job, *ended);
  for (const std::size_t item : too_late) job->give_up({chunk->job, 0, item, 1});
  send_again(chunk->job, told.again);
}

// Under the lock. Those whose job has ended.
std::vector<std::size_t> Dispatcher::wait_again(pool::Batch::Job job, const Again& again) {
  std::vector<std::size_t> too_late;
  for (const auto& [item, delay] : again) {
    if (!batch_.again_later(job, item)) too_late.push_back(item);
  }
  return too_late;
}

void Dispatcher::send_again(pool::Batch::Job job, const Again& again) {
  for (const auto& [item, delay] : again) {
    transport_->after(delay, [weak = weak_from_this(), job, item = item] {
      if (const auto self = weak.lock()) self->due(job, item);
    });
  }
}

// Under the lock. nullopt: its items are no longer wanted, or left to another call that has them too.
std::optional<Dispatcher::Chunk> Dispatcher::take(pool::Batch::Call call, bool is_answered) {
  const auto chunk = batch_.chunk_of(call);
  const auto late = batch_.was_too_late(call);
  const auto of = chunk ? std::optional(chunk->job) : late;
  const auto taken = is_answered ? batch_.arrived(call) : batch_.failed_alone(call);
  if (taken) return taken;
  const auto cost = books_->let_go(call, of, late.has_value());
  if (const auto budget = of ? budgets_.find(*of) : budgets_.end(); cost && budget != budgets_.end())
    budget->second.add(*cost, *books_->prices());
  return std::nullopt;
}

void Dispatcher::look_for_stragglers(pool::Batch::Job job) {
  std::unique_lock lock(mutex_);
  const auto wait = stragglers_.look(batch_, job, std::chrono::steady_clock::now(),
                                     [this](pool::Batch::Call call) { return transport_->sent_at(call); });
  lock.unlock();
  if (!wait) return;
  transport_->after(*wait, [weak = weak_from_this(), job] {
    const auto self = weak.lock();
    if (!self) return;
    {
      const std::lock_guard up(self->mutex_);
      self->stragglers_.time_is_up(job);
    }
    self->look_for_stragglers(job);
    self->send();
  });
}

// Under the lock. What must not be sent for the money ends the job, when nothing is under way that could cost
// less.
std::optional<pool::Batch::Ended> Dispatcher::end_for_money(pool::Batch::Job number,
                                                            const std::optional<report::Call>& call,
                                                            Job& job) {
  const auto found = budgets_.find(number);
  if (found == budgets_.end()) return std::nullopt;
  report::Budget& budget = found->second;
  if (call) budget.add(*call, *books_->prices());
  batch_.allow(number, budget.room());
  if (!batch_.is_held(number)) return std::nullopt;
  job.leave_out(over_budget(budget));
  return batch_.end(number, false);
}

Dispatcher::Standing Dispatcher::standing(pool::Batch::Job job) {
  std::unique_lock lock(mutex_);
  const auto items = batch_.standing(job);
  lock.unlock();
  return {items ? items->out : 0, transport_->retries()};
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
  budgets_.erase(number);
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

void Dispatcher::give_up_all() {
  std::vector<pool::Batch::Job> left;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, job] : jobs_) left.push_back(number);
  }
  for (const auto number : left) withdraw(number, UnderWay::awaited);
}

}  // namespace lambdapool::api

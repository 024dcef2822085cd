// What is known of an engine's calls while they run, and afterwards.
#include <algorithm>

#include "conversion.hpp"
#include "engine.hpp"
#include "report/report.hpp"

namespace lambdapool::python {

// On the engine's thread, before arrived(). How many of its items have outcomes only Python finds out.
void Engine::observe(Batch::Call call, const report::CallTimes& times, const ErrorKind* failure) {
  report::Call ended{.failure = failure != nullptr ? to_string(*failure) : std::string_view(),
                     .times = times};
  if (times.architecture) tariff_.runs_on(*times.architecture);
  std::unique_lock lock(batch_mutex_);
  if (auto* const row = rows_.find(call)) {
    ended.job = row->tasks.front().job;
    row->ended = ended;
    return;
  }
  if (const auto chunk = batch_.chunk_of(call)) {
    ended.job = chunk->job;
    ended.first = chunk->first;
    ended.count = chunk->before;
    unsettled_.insert_or_assign({chunk->job, chunk->first}, ended);
    return;
  }
  ended.count = 0;  // its job has let go of it; what it cost counts
  if (const auto job = batch_.was_too_late(call)) {
    ended.job = *job;
    ended.times.retries.stragglers = 1;
    charge(ended);
  }
  lock.unlock();
  accounts_.add(ended);
}

// With the batch's lock.
std::optional<report::Call> Engine::settled(const Batch::Chunk& chunk, std::size_t done, double seconds) {
  auto node = unsettled_.extract({chunk.job, chunk.first});
  if (!node) return std::nullopt;
  report::Call& ended = node.mapped();
  ended.count += done;
  ended.busy_ms = seconds * 1e3;
  return ended;
}

// With the batch's lock, of a call that failed while another has the same items: what it cost counts.
std::optional<report::Call> Engine::left_to_its_twin(Batch::Call call) {
  const auto chunk = batch_.chunk_of(call);
  auto ended = chunk ? settled(*chunk, 0, 0) : std::nullopt;
  if (ended) charge(*ended);
  return ended;
}

// With the batch's lock.
void Engine::charge(const report::Call& call) {
  const auto found = budgets_.find(call.job);
  if (found == budgets_.end()) return;
  found->second.add(call, *tariff_.prices());
  batch_.allow(call.job, found->second.room());
  if (!batch_.knows(call.job)) budgets_.erase(found);
}

nb::tuple Engine::billed(Batch::Job job, std::size_t first) {
  refuse_forked();
  std::optional<report::Invocation> took;
  {
    const std::lock_guard lock(batch_mutex_);
    const auto ended = unsettled_.find({job, first});
    if (ended != unsettled_.end()) took = ended->second.times.invocation;
  }
  const auto& prices = tariff_.prices();
  if (!took) return nb::make_tuple(0.0, 0, 0.0);
  return nb::make_tuple(took->billed_ms, took->memory_mb, prices ? report::cost_of(*took, *prices) : 0);
}

nb::object Engine::over_budget(Batch::Job job) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto found = budgets_.find(job);
  if (found == budgets_.end() || !batch_.is_held(job)) return nb::none();
  const report::Budget budget = found->second;
  lock.unlock();
  return nb::make_tuple(budget.spent(), budget.dearest());
}

nb::tuple Engine::report(const report::Account* of) const {
  refuse_forked();
  const auto& prices = tariff_.prices();
  if (!prices) return nb::make_tuple(nb::none(), to_tuple(prices.error()));
  const report::Account& account = of != nullptr ? *of : accounts_.all();
  return nb::make_tuple(nb::cast(report::Report(account.ledger(), *prices)), nb::none());
}

// Of items in calls, those whose call is not one of the few that wait in the engine for a worker.
std::size_t Engine::with_workers(std::size_t items, std::size_t calls) const {
  const auto workers = static_cast<std::size_t>(settings_.workers);
  return calls <= workers ? items : std::max<std::size_t>(items * workers / calls, 1);
}

nb::tuple Engine::standing(Batch::Job job, const report::Account* account) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto items = batch_.standing(job);
  lock.unlock();
  pool::Engine::Standing calls{};
  if (const auto engine = engine_or_null()) calls = engine->standing();
  report::Account::Sum sum;
  if (account != nullptr) sum = account->sum(tariff_.prices().value_or(report::Prices{}));
  const auto& retries = calls.retries;
  return nb::make_tuple(items ? nb::object(nb::int_(items->items)) : nb::none(), items ? items->settled : 0,
                        items ? with_workers(items->out, calls.calls) : 0,
                        retries.throttled_rate + retries.throttled_concurrency,
                        retries.lost + retries.not_reached + retries.refused_token, sum.cost);
}

}  // namespace lambdapool::python

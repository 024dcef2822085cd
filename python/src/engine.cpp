#include "engine.hpp"

#include <pthread.h>

#include <atomic>
#include <stdexcept>
#include <utility>

#include "conversion.hpp"
#include "core/environment.hpp"
#include "target/prices.hpp"

namespace lambdapool::python {
namespace {

// How often this process is a child that came to be by fork().
constinit std::atomic<unsigned> forks{0};
unsigned forks_so_far() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(registered);
  return forks;
}

}  // namespace

Engine::Engine(Settings settings)
    : settings_(std::move(settings)),
      forks_(forks_so_far()),
      batch_(static_cast<std::size_t>(settings_.workers), static_cast<std::size_t>(settings_.ahead)),
      output_(settings_.wants_output ? std::make_shared<pool::LiveOutput>() : nullptr),
      rows_(static_cast<std::size_t>(settings_.workers)) {}

Engine::~Engine() {
  // In a forked child the engine's threads are gone: ending them would wait for ever.
  if (!forked()) {
    shut_down();
    return;
  }
  new std::shared_ptr<pool::Engine>(std::move(engine_));
  new std::shared_ptr<objects::Store>(std::move(store_));
}

bool Engine::forked() const { return forks_ != forks; }

void Engine::refuse_forked() const {
  if (forked())
    throw std::runtime_error("this pool was made before fork(): make a new one in the child process");
}

nb::object Engine::open() {
  Result<Opened> opened;
  Interruption interruption;
  {
    const nb::gil_scoped_release released;
    opened = python::open(
        settings_, interruption, queue_,
        [this](Batch::Call call, const report::CallTimes& times, const ErrorKind* failure) {
          observe(call, times, failure);
        },
        [this](Batch::Call call, std::size_t items) { cut(call, items); });
  }
  interruption.rethrow();
  if (!opened) return to_tuple(opened.error());
  const std::lock_guard lock(mutex_);
  target_ = opened->target;
  tariff_.set([&](const std::string& architecture) {
    return target::prices_of(opened->target, opened->region, architecture, Environment::of_this_process());
  });
  engine_ = std::move(opened->engine);
  has_rows_ = engine_->limits().early == cloud::CallLimits::Early::beside;
  store_ = std::move(opened->store);
  if (!store_) return nb::none();
  // An answer of the service in this process ends its invocation; elsewhere an attempt that was lost may go
  // on.
  using Use = objects::ResultPlaces::Use;
  places_ = std::make_unique<objects::ResultPlaces>(
      engine_->limits().early == cloud::CallLimits::Early::beside ? Use::again : Use::once,
      [store = store_](const std::string& name) {
        store->expect(name);
        return store->url("PUT", name);
      });
  return nb::none();
}

std::shared_ptr<pool::Engine> Engine::engine_or_null() {
  const std::lock_guard lock(mutex_);
  return engine_;
}

std::shared_ptr<pool::Engine> Engine::running() {
  refuse_forked();
  auto engine = engine_or_null();
  if (!engine) throw std::runtime_error("the engine is closed");
  return engine;
}

std::shared_ptr<report::Account> Engine::add(Batch::Job job, std::size_t items, std::size_t chunksize,
                                             bool lets_go, bool open, bool rows, bool patient,
                                             std::optional<double> max_cost, bool rerun_stragglers) {
  refuse_forked();
  rows = rows && has_rows_ && chunksize == 1 && !output_ && !max_cost && !rerun_stragglers;
  const std::lock_guard lock(batch_mutex_);
  const auto ends_with = patient ? pool::Fault::every_call : pool::Fault::call;
  batch_.add(
      job, items,
      {.chunksize = chunksize, .ends_with = ends_with, .lets_go = lets_go, .open = open, .rows = rows});
  if (rerun_stragglers) stragglers_.watch(job);
  if (max_cost && tariff_.prices())
    batch_.allow(job, budgets_.try_emplace(job, *max_cost).first->second.room());
  return accounts_.open(job);
}

bool Engine::extend(Batch::Job job, std::size_t items) {
  refuse_forked();
  const std::lock_guard lock(batch_mutex_);
  return batch_.extend(job, items);
}

void Engine::close_job(Batch::Job job) {
  refuse_forked();
  const std::lock_guard lock(batch_mutex_);
  batch_.close(job);
}

nb::object Engine::shorten(Batch::Call call, std::size_t count) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto rest = to_tell(batch_.shorten(call, count));
  lock.unlock();
  return range(rest);
}

// What is given up for a failure that Python has not heard of yet waits until it has.
pool::Batch::Rest Engine::to_tell(Batch::Rest rest) {
  const auto waiting = rest ? given_up_.find(rest->job) : given_up_.end();
  if (waiting == given_up_.end()) return rest;
  waiting->second.push_back(*rest);
  return std::nullopt;
}

nb::object Engine::drop(Batch::Call call) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto chunk = batch_.arrived(call);
  to_send_.erase(call);
  variants_.erase(call);
  names_.erase(call);
  if (chunk) batch_.settle(*chunk, chunk->count);
  lock.unlock();
  return range(chunk);
}

nb::object Engine::settle(Batch::Job job, std::size_t first, std::size_t count, std::size_t done,
                          std::optional<double> seconds, std::size_t bytes, std::size_t before) {
  refuse_forked();
  const Batch::Chunk chunk{job, 0, first, count, before};
  std::unique_lock lock(batch_mutex_);
  const auto rest = to_tell(seconds ? batch_.settle(chunk, done, pool::Chunking::Seconds(*seconds), bytes)
                                    : batch_.settle(chunk, done));
  const auto ended = settled(chunk, done, seconds.value_or(0));
  const bool watched = stragglers_.watches(job);
  if (ended) {
    charge(*ended);
    stragglers_.came_back(job, ended->times.arrived - ended->times.sent, done);
  }
  lock.unlock();
  if (ended) accounts_.add(*ended);
  if (watched) look_for_stragglers(job);
  return range(rest);
}

void Engine::send_to(Batch::Call call, std::string variant) {
  const std::lock_guard lock(batch_mutex_);
  variants_.insert_or_assign(call, std::move(variant));
}

void Engine::name_call(Batch::Call call, std::string name) {
  const std::lock_guard lock(batch_mutex_);
  names_.insert_or_assign(call, std::move(name));
}

// From any thread.
void Engine::look_for_stragglers(Batch::Job job) {
  const auto engine = engine_or_null();
  if (!engine) return;
  std::unique_lock lock(batch_mutex_);
  const auto wait = stragglers_.look(batch_, job, std::chrono::steady_clock::now(),
                                     [&](Batch::Call call) { return engine->sent_at(call); });
  lock.unlock();
  queue_->wake();  // Python sends what is started again
  if (!wait) return;
  engine->after(*wait, [this, job] {
    std::unique_lock up(batch_mutex_);
    stragglers_.time_is_up(job);
    up.unlock();
    look_for_stragglers(job);
  });
}

bool Engine::again(Batch::Job job, std::size_t first, std::size_t item, double seconds, bool out_of_memory) {
  const auto engine = running();
  std::unique_lock lock(batch_mutex_);
  if (!batch_.again_later(job, item)) return false;
  if (const auto call = unsettled_.find({job, first}); call != unsettled_.end())
    ++(call->second.times.retries.*
       (out_of_memory ? &report::Retries::out_of_memory : &report::Retries::failed_items));
  lock.unlock();
  engine->after(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3)), [this, job, item] {
    std::unique_lock due(batch_mutex_);
    batch_.due(job, item);
    due.unlock();
    queue_->wake();
  });
  return true;
}

nb::list Engine::failed(Batch::Job job) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  Batch::Ended ended;
  if (auto known = given_up_.extract(job)) {
    ended.given_up = std::move(known.mapped());
  } else if (auto now = batch_.failed(job, pool::Fault::every_call)) {
    ended = std::move(*now);
  }
  lock.unlock();
  cancel_without_gil(ended.under_way);
  return ranges(ended.given_up);
}

nb::list Engine::end(Batch::Job job, bool lets_go) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  auto ended = batch_.end(job, lets_go);
  tasks_.erase(job);
  if (auto known = given_up_.extract(job))
    ended.given_up.insert(ended.given_up.end(), known.mapped().begin(), known.mapped().end());
  lock.unlock();
  cancel_without_gil(ended.under_way);
  return ranges(ended.given_up);
}

// A forked child cannot trust the lock: it has no logs.
nb::object Engine::log_of(Batch::Call call) const {
  if (forked()) return nb::str("");
  std::unique_lock lock(log_mutex_);
  const auto tail = log_tails_.of(call);
  lock.unlock();
  return text(tail.text);
}

nb::object Engine::logs_of(Batch::Job job, std::size_t calls) const {
  if (forked()) return text(pool::LogTails().of_job(job, calls));
  std::unique_lock lock(log_mutex_);
  const std::string logs = log_tails_.of_job(job, calls);
  lock.unlock();
  return text(logs);
}

void Engine::forget_log(Batch::Call call) {
  refuse_forked();
  const std::lock_guard lock(log_mutex_);
  log_tails_.forget(call);
}

nb::list Engine::warnings() {
  refuse_forked();
  nb::list texts;
  for (const auto& warning : queue_->take_warnings()) texts.append(text(warning));
  return texts;
}

nb::object Engine::output() {
  refuse_forked();
  std::string lines;
  {
    const nb::gil_scoped_release released;
    if (const auto output = output_) lines = output->take();
  }
  return lines.empty() ? nb::none() : text(lines);
}

void Engine::wait_until_printed(double seconds) {
  if (!output_ || forked()) return;
  const nb::gil_scoped_release released;
  output_->wait_until_printed(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3)));
}

void Engine::terminate() {
  const auto engine = running();
  const nb::gil_scoped_release released;
  engine->terminate();
}

void Engine::close() {
  refuse_forked();
  const nb::gil_scoped_release released;
  shut_down();
}

void Engine::shut_down() {
  std::shared_ptr<pool::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = std::move(engine_);
  }
  if (engine) engine->terminate();
  engine.reset();
  queue_->close();
  if (output_) output_->close();
  if (!store_) return;
  for (const auto& name : places_->left_empty()) store_->forget(name);
  store_->close();
}

}  // namespace lambdapool::python

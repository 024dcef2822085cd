#include "engine.hpp"

#include <pthread.h>

#include <atomic>
#include <stdexcept>
#include <utility>

#include "aws/lambda/invoke.hpp"
#include "buffer_view.hpp"
#include "conversion.hpp"
#include "core/envelope.hpp"
#include "core/json_scan.hpp"
#include "core/limits.hpp"
#include "outcome_check.hpp"
#include "pool/ending.hpp"

namespace lambdapool::python {
namespace {

constexpr std::size_t large_bytes = 16 * 1024;

nb::object range(const std::optional<pool::Batch::Chunk>& chunk) {
  if (!chunk) return nb::none();
  return nb::make_tuple(chunk->first, chunk->count);
}

std::string result_name(pool::Batch::Call call) { return "result-" + std::to_string(call); }

nb::list ranges(const std::vector<pool::Batch::Chunk>& chunks) {
  nb::list all;
  for (const auto& chunk : chunks) all.append(nb::make_tuple(chunk.first, chunk.count));
  return all;
}

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
      batch_(static_cast<std::size_t>(settings_.workers), static_cast<std::size_t>(settings_.ahead)) {}

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
    opened = python::open(settings_, interruption, queue_);
  }
  interruption.rethrow();
  if (!opened) return to_tuple(opened.error());
  const std::lock_guard lock(mutex_);
  target_ = opened->target;
  engine_ = std::move(opened->engine);
  store_ = std::move(opened->store);
  return nb::none();
}

std::shared_ptr<pool::Engine> Engine::running() {
  refuse_forked();
  const std::lock_guard lock(mutex_);
  if (!engine_) throw std::runtime_error("the engine is closed");
  return engine_;
}

void Engine::add(Batch::Job job, std::size_t items, std::size_t chunksize, bool lets_go, bool open) {
  refuse_forked();
  const std::lock_guard lock(batch_mutex_);
  batch_.add(job, items, {.chunksize = chunksize, .lets_go = lets_go, .open = open});
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

nb::object Engine::next() {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto chunk = batch_.next();
  lock.unlock();
  if (!chunk) return nb::none();
  return nb::make_tuple(chunk->job, chunk->call, chunk->first, chunk->count);
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

void Engine::send(Batch::Call call, const nb::bytes& function, const nb::bytes& arguments,
                  std::string_view code, std::string_view members) {
  const std::string_view head(function.c_str(), function.size());
  const std::string_view tail(arguments.c_str(), arguments.size());
  // A GIL given away is slow to come back when other threads want it: only worth it for real work.
  if (head.size() + tail.size() < large_bytes) return send_bytes(call, head, tail, code, members);
  const nb::gil_scoped_release released;
  send_bytes(call, head, tail, code, members);
}

// Where the worker puts an answer that does not fit, and the members that the caller gives.
std::string Engine::members_of(Batch::Call call, std::string_view given) {
  std::string members(given);
  if (!store_) return members;
  const auto name = result_name(call);
  store_->expect(name);
  members.append(members.empty() ? "\"results\":{\"url\":" : ",\"results\":{\"url\":");
  append_json_string(members, store_->url("PUT", name));
  return members.append("}");
}

void Engine::send_bytes(Batch::Call call, std::string_view function, std::string_view arguments,
                        std::string_view code, std::string_view given) {
  const auto engine = running();
  std::string echo = echoes_.next();
  const std::string members = members_of(call, given);
  auto payload =
      envelope::encode_within(limits::request_payload_bytes_max, envelope::Direction::task,
                              {codec, settings_.peer, echo, {}, code, members}, function, arguments);
  const auto completed = [this, call](Result<aws::Invoked> answer) { arrived(call, std::move(answer)); };
  queue_->sent();
  if (payload) {
    engine->submit(call, std::move(*payload), completed, std::move(echo));
  } else {
    engine->refuse(pool::too_large_to_encode(function.size() + arguments.size(), engine->limits()),
                   completed);
  }
  std::unique_lock lock(batch_mutex_);
  const bool wanted = batch_.is_out(call);
  lock.unlock();
  if (!wanted) engine->cancel(call);  // its job ended in between
}

nb::object Engine::drop(Batch::Call call) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  const auto chunk = batch_.arrived(call);
  if (chunk) batch_.settle(*chunk, chunk->count);
  lock.unlock();
  return range(chunk);
}

nb::list Engine::wait(std::optional<double> timeout) {
  refuse_forked();
  std::vector<Arrival> arrivals;
  {
    const nb::gil_scoped_release released;
    const auto queue = queue_;
    std::optional<std::chrono::duration<double>> span;
    if (timeout) span = std::chrono::duration<double>(*timeout);
    for (auto& completion : queue->take(span)) arrivals.push_back(read(completion));
  }
  nb::list batch;
  for (const auto& [call, chunk, outcome] : arrivals) {
    const Batch::Chunk of = chunk.value_or(Batch::Chunk{0, call, 0, 0});
    const auto tell = [&](const nb::object& body, const nb::object& error) {
      batch.append(nb::make_tuple(of.job, call, of.first, of.count, body, error));
    };
    if (!outcome) {
      tell(nb::none(), to_tuple(outcome.error()));
    } else if (outcome->stored) {
      tell(text(outcome->body), nb::none());
    } else {
      tell(nb::bytes(outcome->body.data(), outcome->body.size()), nb::none());
    }
  }
  return batch;
}

// On the engine's thread: what the failure of a call means for others must not wait for Python.
void Engine::arrived(Batch::Call call, Result<aws::Invoked> answer) {
  std::unique_lock lock(batch_mutex_);
  const auto chunk = batch_.arrived(call);
  std::vector<Batch::Call> under_way;
  if (chunk && !answer) {
    auto ended = batch_.failed(chunk->job, pool::fault_of(answer.error().kind));
    if (ended && (!ended->given_up.empty() || !ended->under_way.empty())) {
      under_way = std::move(ended->under_way);
      given_up_.emplace(chunk->job, std::move(ended->given_up));
    }
  }
  lock.unlock();
  cancel(under_way);
  queue_->push({call, chunk, std::move(answer)});
}

Engine::Arrival Engine::read(Completion& completion) {
  const auto& [call, chunk, answer] = completion;
  auto body = body_of(completion.answer, settings_.peer);
  if (store_ && answer && !(body && body->stored)) store_->forget(result_name(call));
  if (chunk) {
    const std::lock_guard lock(log_mutex_);
    if (answer) {
      log_tails_.keep_base64(chunk->job, call, std::move(completion.answer->log_tail_base64));
    } else {
      log_tails_.keep_text(chunk->job, call, body.error().log_tail);
    }
  }
  return {call, chunk, std::move(body)};
}

nb::object Engine::settle(Batch::Job job, std::size_t first, std::size_t count, std::size_t done,
                          std::optional<double> seconds, std::size_t bytes) {
  refuse_forked();
  const Batch::Chunk chunk{job, 0, first, count};
  std::unique_lock lock(batch_mutex_);
  const auto rest = to_tell(seconds ? batch_.settle(chunk, done, pool::Chunking::Seconds(*seconds), bytes)
                                    : batch_.settle(chunk, done));
  lock.unlock();
  return range(rest);
}

nb::list Engine::failed(Batch::Job job) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  Batch::Ended ended;
  if (auto known = given_up_.extract(job)) {
    ended.given_up = std::move(known.mapped());
  } else if (auto now = batch_.failed(job, pool::Fault::call)) {
    ended = std::move(*now);
  }
  lock.unlock();
  cancel(ended.under_way);
  return ranges(ended.given_up);
}

nb::list Engine::end(Batch::Job job, bool lets_go) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  auto ended = batch_.end(job, lets_go);
  if (auto known = given_up_.extract(job))
    ended.given_up.insert(ended.given_up.end(), known.mapped().begin(), known.mapped().end());
  lock.unlock();
  cancel(ended.under_way);
  return ranges(ended.given_up);
}

// The engine forgets those that it has not sent.
void Engine::cancel(const std::vector<Batch::Call>& calls) {
  if (calls.empty()) return;
  std::shared_ptr<pool::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = engine_;
  }
  for (const auto call : calls) {
    if (engine) engine->cancel(call);
  }
}

std::shared_ptr<objects::Store> Engine::running_store() {
  refuse_forked();
  const std::lock_guard lock(mutex_);
  if (!engine_ || !store_) throw std::runtime_error("the engine is closed, or has no store");
  return store_;
}

nb::tuple Engine::put(const std::string& name, const nb::object& bytes) {
  const BufferView view(bytes, BufferView::Access::read);
  const auto store = running_store();
  Result<objects::Stored> stored;
  {
    const nb::gil_scoped_release released;
    stored = store->put(name, {view.data(), view.size()});
  }
  if (!stored) return nb::make_tuple("", to_tuple(stored.error()));
  return nb::make_tuple(text(stored->file), nb::none());
}

nb::object Engine::get(Batch::Call call, std::uint64_t offset, const nb::object& into) {
  const BufferView view(into, BufferView::Access::write);
  const auto store = running_store();
  Result<void> got;
  {
    const nb::gil_scoped_release released;
    got = store->get(result_name(call), offset, view.data(), view.size());
  }
  return got ? nb::object(nb::none()) : nb::object(to_tuple(got.error()));
}

void Engine::remove(const std::string& name) { running_store()->remove(name); }
void Engine::remove_result(Batch::Call call) { remove(result_name(call)); }
std::string Engine::url(const std::string& name) { return running_store()->url("GET", name); }

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
  if (store_) store_->close();
}

}  // namespace lambdapool::python

// The calls of an engine: what is sent, by Python and without it, and what arrives.
#include <algorithm>
#include <utility>

#include "aws/lambda/invoke.hpp"
#include "conversion.hpp"
#include "core/envelope.hpp"
#include "core/json_scan.hpp"
#include "core/task_data.hpp"
#include "engine.hpp"
#include "outcome_check.hpp"
#include "pool/ending.hpp"
#include "streamed.hpp"

namespace lambdapool::python {
namespace {

constexpr std::size_t large_bytes = 16 * 1024;
constexpr std::size_t streamed_from = std::size_t{1} << 20;  // of an answer that is not copied

}  // namespace

std::shared_ptr<report::Account> Engine::add_task(Batch::Job job, const nb::bytes& function,
                                                  const nb::bytes& arguments, std::string name, bool waits,
                                                  bool may_share) {
  refuse_forked();
  Task task{.body = {}, .name = std::move(name)};
  task.body.reserve(function.size() + arguments.size());
  task.body.append(function.c_str(), function.size()).append(arguments.c_str(), arguments.size());
  if (may_share && has_rows_ && is_same_python_ && !waits && !output_ &&
      arguments.size() <= pool::Chunking::small)
    task.function_bytes = function.size();
  auto account = accounts_.open(job);
  {
    const std::lock_guard lock(batch_mutex_);
    tasks_.emplace(job, std::move(task));
    batch_.add(job, 1, {.chunksize = 1, .ends_with = pool::Fault::every_call});
  }
  if (!waits) cancel_without_gil(send_tasks());
  return account;
}

// From any thread, the engine's included. Those whose jobs ended in between.
std::vector<pool::Batch::Call> Engine::send_tasks() {
  std::vector<Batch::Call> unwanted;
  while (const auto engine = engine_or_null()) {
    std::unique_lock lock(batch_mutex_);
    const auto job = batch_.turn();
    const auto found = job && knows_code_ ? tasks_.find(*job) : tasks_.end();
    if (found == tasks_.end()) break;
    Task task = std::move(found->second);
    tasks_.erase(found);
    const auto chunk = batch_.next();
    const std::size_t items = task.function_bytes == 0 ? 1 : share_call(*chunk, task);
    const pool::Handovers::Handover handover(handovers_, chunk->call);
    const auto code = code_;
    lock.unlock();
    if (!send_bytes(*engine, {chunk->call, chunk, {}, std::move(task.name), items}, task.body, {}, *code, {}))
      unwanted.push_back(chunk->call);
  }
  return unwanted;
}

void Engine::set_code(std::string code, bool known) {
  const std::lock_guard lock(batch_mutex_);
  code_ = std::make_shared<const std::string>(std::move(code));
  knows_code_ = known;
  batch_.look_ahead(known ? static_cast<std::size_t>(settings_.ahead) : 0);
}

bool Engine::take_back(Batch::Job job) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  if (end_unsent(job)) return true;
  auto calls = batch_.under_way(job);
  if (!calls.empty() && std::ranges::all_of(calls, [&](auto call) { return to_send_.contains(call); })) {
    batch_.end(job, true);
    return true;
  }
  for (auto& call : calls) call = carrier_of(call);
  wanted_back_ = job;
  lock.unlock();
  bool cancelled = false;
  {
    const nb::gil_scoped_release released;
    handovers_.wait(calls);
    cancelled = cancel(calls);
  }
  lock.lock();
  return !std::exchange(wanted_back_, std::nullopt) || cancelled;
}

// With the batch's lock, of a job of one call.
bool Engine::end_unsent(Batch::Job job) {
  if (!batch_.has_unsent(job)) return false;
  batch_.end(job, false);
  tasks_.erase(job);
  return true;
}

bool Engine::is_running(Batch::Job job) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  auto calls = batch_.under_way(job);
  std::erase_if(calls, [&](auto call) { return !rows_.may_have_begun(carrier_of(call), job); });
  for (auto& call : calls) call = carrier_of(call);
  lock.unlock();
  const auto engine = engine_or_null();
  return engine &&
         std::ranges::any_of(calls, [&](Batch::Call call) { return engine->sent_at(call).has_value(); });
}

nb::object Engine::wait_for(Batch::Job job) {
  refuse_forked();
  Interruption interruption;
  std::optional<Arrival> arrival;
  {
    const nb::gil_scoped_release released;
    const auto queue = queue_;
    const auto engine = engine_or_null();
    const auto send = [this] { cancel(send_tasks()); };
    EngineQueue::Waiting waiting;
    waiting.over = [this, job] {
      const std::lock_guard lock(batch_mutex_);
      return !batch_.knows(job);
    };
    waiting.begin = [&](const std::function<bool()>& woken) {
      if (engine && engine->drive(send, woken)) return true;
      send();
      return false;
    };
    waiting.interrupted = [&] { return interruption.raised(); };
    auto completion = queue->take_for(job, waiting);
    if (completion) arrival = read(*completion);
  }
  interruption.rethrow();
  return arrival ? nb::object(told(*arrival)) : nb::none();
}

nb::object Engine::next() {
  refuse_forked();
  cancel_without_gil(send_tasks());
  std::unique_lock lock(batch_mutex_);
  const auto job = batch_.turn();
  // A task that has come in between is sent by whoever has added it, or by the next answer.
  const bool is_ours = job && (!knows_code_ || !tasks_.contains(*job));
  const auto chunk = is_ours ? batch_.next() : std::nullopt;
  if (chunk) tasks_.erase(chunk->job);
  if (chunk) to_send_.insert(chunk->call);
  lock.unlock();
  if (!chunk) return nb::none();
  return nb::make_tuple(chunk->job, chunk->call, chunk->first, chunk->count);
}

void Engine::send(Batch::Call call, const nb::bytes& function, const nb::bytes& arguments,
                  std::string_view code, std::string_view members) {
  const auto engine = running();
  const std::string_view head(function.c_str(), function.size());
  const std::string_view tail(arguments.c_str(), arguments.size());
  // A GIL given away is slow to come back when other threads want it: only worth it for real work.
  std::optional<nb::gil_scoped_release> released;
  if (head.size() + tail.size() >= large_bytes) released.emplace();
  std::unique_lock lock(batch_mutex_);
  to_send_.erase(call);
  const pool::Handovers::Handover handover(handovers_, call);
  auto outgoing = this->outgoing(call);
  lock.unlock();
  const bool is_wanted = send_bytes(*engine, std::move(outgoing), head, tail, code, members);
  released.reset();
  if (!is_wanted) cancel_without_gil({call});
}

// Where the worker puts an answer that does not fit, and the members that the caller gives.
std::string Engine::members_of(Batch::Call call, std::string_view given, std::string_view parts) {
  const auto place = store_ ? places_->take(call, std::chrono::steady_clock::now()) : nullptr;
  std::string members;
  members.reserve(given.size() + parts.size() + (place ? place->url.size() : 0) + 32);
  members.append(given);
  if (!members.empty() && !parts.empty()) members += ',';
  members.append(parts);
  if (!place) return members;
  members.append(members.empty() ? "\"results\":{\"url\":" : ",\"results\":{\"url\":");
  append_json_string(members, place->url);
  return members.append("}");
}

// With the batch's lock.
Engine::Outgoing Engine::outgoing(Batch::Call call) {
  auto variant = variants_.extract(call);
  auto name = names_.extract(call);
  const auto chunk = batch_.chunk_of(call);
  return {call, chunk, variant ? std::move(variant.mapped()) : std::string(),
          name ? std::move(name.mapped()) : std::string(), chunk && chunk->row ? chunk->count : 1};
}

// False: its job ended in between. Before this, it is not sent.
bool Engine::send_bytes(pool::Engine& engine, Outgoing outgoing, std::string_view function,
                        std::string_view arguments, std::string_view code, std::string_view given) {
  const auto& [call, chunk, variant, name, items] = outgoing;
  std::string echo = echoes_.next();
  queue_->sent();
  if (!chunk) {
    engine.refuse(pool::cancelled(), [this, call = call](Result<aws::Invoked> answer) {
      arrived(call, std::move(answer), nullptr);
    });
    return true;
  }
  using Ways = cloud::CallLimits::Early;
  const auto way = engine.limits().early;
  const bool early = way != Ways::none && (output_ || chunk->count > 1 || items > 1);
  const bool streams = early || engine.limits().streams_for_size(store_ != nullptr);
  const envelope::PartsWanted asked{way == Ways::streamed, output_ != nullptr};
  const std::string members = members_of(call, given, streams ? envelope::parts_member(asked) : "");
  const envelope::Label label{codec, settings_.peer, echo, {}, code, members};
  const bool raw = engine.limits().takes_raw(function.size() + arguments.size());
  auto payload = raw ? envelope::encode_raw(label, function, arguments)
                     : envelope::encode_within(engine.limits().request_bytes_max, envelope::Direction::task,
                                               label, function, arguments);
  pool::EarlyParts::Output print;
  if (output_) print = [output = output_, name = name](std::string_view lines) { output->add(name, lines); };
  const auto parts = early || output_ ? std::make_shared<pool::EarlyParts>(echo, print) : nullptr;
  auto completed = [this, call = call, parts, name = name](Result<aws::Invoked> answer) {
    if (output_) output_->add_rest(name, *parts, answer);
    arrived(call, std::move(answer), parts.get());
  };
  pool::Engine::Ahead ahead;
  if (early) {
    ahead = [this, call = call, parts](std::string_view piece) {
      for (auto& part : parts->read(piece)) arrived_early(call, std::move(part));
    };
  } else if (streams) {
    ahead = cloud::Caller::nothing_ahead;
  }
  if (payload) {
    engine.submit(call, std::move(*payload), std::move(completed), std::move(echo), variant, std::move(ahead),
                  {.items = items, .of_tasks = items > chunk->count, .first = chunk->again});
  } else {
    engine.refuse(pool::too_large_to_encode(function.size() + arguments.size(), engine.limits()),
                  std::move(completed));
  }
  const std::lock_guard lock(batch_mutex_);
  return batch_.is_out(call);
}

nb::list Engine::wait(std::optional<double> timeout) {
  refuse_forked();
  std::vector<Arrival> arrivals;
  {
    const nb::gil_scoped_release released;
    const auto queue = queue_;
    std::optional<std::chrono::duration<double>> span;
    if (timeout) span = std::chrono::duration<double>(*timeout);
    auto completions = queue->take(span);
    arrivals.reserve(completions.size());
    for (auto& completion : completions) arrivals.push_back(read(completion));
  }
  nb::list batch;
  for (auto& arrival : arrivals) batch.append(told(arrival));
  return batch;
}

nb::tuple Engine::told(Arrival& arrival) {
  auto& [call, chunk, outcome, begun, early, row] = arrival;
  const Batch::Chunk of = chunk.value_or(Batch::Chunk{0, call, 0, 0});
  nb::object job = nb::int_(of.job);
  if (!row.empty()) {
    nb::list jobs;
    for (const auto one : row) jobs.append(one);
    job = std::move(jobs);
  }
  nb::object body = nb::none(), error = nb::none();
  if (!outcome) {
    error = to_tuple(outcome.error());
  } else if (outcome->stored) {
    body = text(outcome->body);
  } else if (outcome->raw && (!outcome->buffers.empty() || outcome->body.size() >= streamed_from)) {
    body = nb::cast(Streamed(std::move(outcome->body), std::move(outcome->buffers)));
  } else {
    body = nb::bytes(outcome->body.data(), outcome->body.size());
  }
  return nb::make_tuple(std::move(job), call, of.first, of.count, body, error, of.before, begun, early);
}

// On the engine's thread: what the failure of a call means for others must not wait for Python.
void Engine::arrived(Batch::Call call, Result<aws::Invoked> answer, const pool::EarlyParts* early) {
  std::unique_lock lock(batch_mutex_);
  if (rows_.find(call) != nullptr) return row_arrived(std::move(lock), call, std::move(answer), early);
  const auto twin = batch_.twin_of(call);
  const auto left = twin && !answer ? left_to_its_twin(call) : std::nullopt;
  const auto chunk = answer ? batch_.arrived(call) : batch_.failed_alone(call);
  std::vector<Batch::Call> under_way;
  if (twin && answer) under_way.push_back(*twin);
  if (chunk && !answer) {
    auto ended = batch_.failed(chunk->job, pool::fault_of(answer.error().kind));
    // What comes before it and was had back has been sent before it, and comes to its end.
    if (ended && batch_.sends_rest(chunk->job)) {
      std::erase_if(ended->under_way, [&](Batch::Call other) {
        const auto before = batch_.chunk_of(other);
        return before && before->first < chunk->first;
      });
    }
    if (ended && (!ended->given_up.empty() || !ended->under_way.empty())) {
      under_way = std::move(ended->under_way);
      given_up_.emplace(chunk->job, std::move(ended->given_up));
    }
  }
  lock.unlock();
  if (left) accounts_.add(*left);
  cancel(under_way);
  Completion completion{call, chunk, std::move(answer)};
  if (chunk) completion.begun = early != nullptr ? early->begun_of(*chunk) : chunk->count;
  const bool comes_back = queue_->push(std::move(completion));
  const auto engine = comes_back ? engine_or_null() : nullptr;
  if (engine) engine->stand_back();
  cancel(send_tasks());
}

Engine::Arrival Engine::read(Completion& completion) {
  const auto& [call, chunk, answer, early, begun, row] = completion;
  if (early) {
    auto refusal = refusal_to_unpickle(*early, settings_.peer);
    if (refusal) return {call, chunk, tl::unexpected(std::move(*refusal)), chunk->count, true, row};
    return {call, chunk, std::move(*completion.early), begun, true, row};
  }
  auto body = body_of(completion.answer, settings_.peer);
  if (body) is_same_python_ = body->peer == settings_.peer;
  if (store_) leave_place(call, answer.has_value(), body);
  if (chunk) {
    const std::lock_guard lock(log_mutex_);
    if (answer) {
      log_tails_.keep_base64(chunk->job, call, std::move(completion.answer->log_tail_base64));
    } else {
      log_tails_.keep_text(chunk->job, call, body.error().log_tail);
    }
  }
  return {call, chunk, std::move(body), begun, false, std::move(completion.row)};
}

// What may have been put there is removed with the store, or when it has been read.
void Engine::leave_place(Batch::Call call, bool answered, const Result<envelope::Envelope>& outcome) {
  if (outcome && outcome->stored) return;
  const auto name = outcome ? places_->left_empty(call) : places_->forget(call);
  if (answered && !name.empty()) store_->forget(name);
}

// The engine forgets those that it has not sent. True: there were some.
bool Engine::cancel(const std::vector<Batch::Call>& calls) {
  const auto engine = calls.empty() ? nullptr : engine_or_null();
  bool stopped = false;
  for (const auto call : calls)
    stopped = (engine && !recall_row(*engine, call) && engine->cancel(call)) || stopped;
  return stopped;
}

// The same with the GIL held: what is early is had back on the I/O thread, which a fork may be holding up.
bool Engine::cancel_without_gil(const std::vector<Batch::Call>& calls) {
  if (calls.empty()) return false;
  const nb::gil_scoped_release released;
  return cancel(calls);
}

}  // namespace lambdapool::python

// The calls of an engine whose items begin one by one, and may come back: those of a map, and tasks that came
// one by one (pool/task_rows.hpp).
#include <algorithm>
#include <utility>

#include "engine.hpp"
#include "pool/ending.hpp"

namespace lambdapool::python {

using pool::TaskRows;

namespace {

constexpr std::size_t row_bytes_max = 16 * 1024;

}  // namespace

// With the batch's lock: what is next and may travel with this task is put behind it. How many they are.
std::size_t Engine::share_call(const Batch::Chunk& first, Task& task) {
  std::string function(task.function());
  std::vector<TaskRows::Task> tasks{{first.job, first.call, std::string(task.arguments())}};
  const std::size_t most = rows_.next(function, 1 + tasks_.size());
  while (tasks.size() < most && task.body.size() < row_bytes_max) {
    const auto job = batch_.front();
    const auto other = job ? tasks_.find(*job) : tasks_.end();
    if (other == tasks_.end() || other->second.function() != function) break;
    tasks.push_back({*job, batch_.next_with(first.call).call, std::string(other->second.arguments())});
    task.body.append(tasks.back().arguments);
    tasks_.erase(other);
  }
  const std::size_t items = tasks.size();
  rows_.sent(std::move(function), std::move(tasks));
  return items;
}

// On the engine's thread.
void Engine::row_arrived(std::unique_lock<std::mutex> lock, Batch::Call call, Result<aws::Invoked> answer,
                         const pool::EarlyParts* early) {
  TaskRows::Row& row = *rows_.find(call);
  const Batch::Chunk rest{0, call, row.told, row.tasks.size() - row.told, row.told};
  std::size_t begun = answer ? rest.count : early != nullptr ? early->begun_of(rest) : rest.count;
  if (!answer && row.recalls > 0 && answer.error().kind == ErrorKind::cancelled) begun = 0;
  send_again(rows_.cut(call, rest.before + begun), Company::wanted);
  row.answered = true;
  Completion completion{call, std::nullopt, std::move(answer)};
  for (std::size_t task = 0; task < row.tasks.size(); ++task) {
    batch_.arrived(row.tasks[task].call);
    if (task < row.told) continue;
    completion.row.push_back(row.tasks[task].job);
    if (!completion.answer)
      batch_.failed(row.tasks[task].job, pool::fault_of(completion.answer.error().kind));
  }
  if (completion.row.empty()) {
    rows_.over(call);
  } else {
    completion.chunk = Batch::Chunk{0, call, 0, begun, rest.before};
  }
  lock.unlock();
  queue_->push(std::move(completion));
  send_on();
}

void Engine::arrived_early(Batch::Call call, pool::EarlyPart part) {
  std::unique_lock lock(batch_mutex_);
  Completion completion{call, std::nullopt, Result<aws::Invoked>(), std::move(part.outcome)};
  if (rows_.find(call) == nullptr) {
    completion.chunk = batch_.arrived_early(call, part.first, part.count);
  } else {
    auto [jobs, before] = rows_.arrived_early(call, part.first, part.count);
    if (!jobs.empty()) completion.chunk = Batch::Chunk{0, call, 0, jobs.size(), before};
    completion.row = std::move(jobs);
  }
  lock.unlock();
  if (completion.chunk) queue_->push(std::move(completion));
}

void Engine::cut(Batch::Call call, std::size_t items) {
  std::unique_lock lock(batch_mutex_);
  if (rows_.find(call) == nullptr) {
    batch_.cut(call, items);
    lock.unlock();
    return queue_->wake();  // Python sends what has come back
  }
  send_again(rows_.cut(call, items), Company::wanted);
  lock.unlock();
  send_on();
}

// With the batch's lock: tasks that have not begun wait for their turn again.
void Engine::send_again(TaskRows::Row row, Company company) {
  for (auto& task : row.tasks) {
    batch_.arrived(task.call);
    if (!batch_.knows(task.job)) continue;  // nobody wants it
    batch_.settle({task.job, task.call, 0, 1}, 0);
    if (task.job == wanted_back_) {
      batch_.end(task.job, false);
      wanted_back_.reset();
      continue;
    }
    const std::size_t function_bytes = company == Company::wanted ? row.function.size() : 0;
    tasks_.insert_or_assign(task.job, Task{row.function + task.arguments, {}, function_bytes});
  }
}

// What has come back, without locks and the GIL; while the code is not known, Python does.
void Engine::send_on() {
  cancel(send_tasks());
  std::unique_lock lock(batch_mutex_);
  const bool is_pythons = !knows_code_;
  lock.unlock();
  if (is_pythons) queue_->wake();
}

// Without locks and the GIL. Whether the call is one of these; what of it has not begun waits for its turn.
bool Engine::recall_row(pool::Engine& engine, Batch::Call call) {
  std::unique_lock lock(batch_mutex_);
  auto* row = rows_.find(call);
  if (row == nullptr) return false;
  ++row->recalls;
  lock.unlock();
  const bool was_sent = !engine.cancel(call);
  if (was_sent) engine.have_back(call);
  lock.lock();
  row = rows_.find(call);
  if (row == nullptr) return true;  // its end has been heard already
  --row->recalls;
  if (was_sent) return true;
  auto back = rows_.cut(call, 0);
  rows_.over(call);
  send_again(std::move(back), Company::wanted);
  lock.unlock();
  send_on();
  return true;
}

// With the batch's lock.
pool::Batch::Call Engine::carrier_of(Batch::Call call) const {
  const auto chunk = batch_.chunk_of(call);
  return chunk && chunk->carrier != 0 ? chunk->carrier : call;
}

// What has no outcome has not begun.
void Engine::row_over(Batch::Call call, std::size_t done, std::optional<double> seconds, std::size_t bytes,
                      std::size_t again) {
  refuse_forked();
  std::unique_lock lock(batch_mutex_);
  TaskRows::Row row = rows_.over(call, done, pool::Chunking::Seconds(seconds.value_or(1)), bytes);
  done = std::min(done, row.tasks.size());
  TaskRows::Row rest{.function = row.function,
                     .tasks = {row.tasks.begin() + static_cast<std::ptrdiff_t>(done), row.tasks.end()}};
  for (std::size_t task = row.told; task < done; ++task)
    batch_.settle({row.tasks[task].job, row.tasks[task].call, 0, 1}, 1);
  send_again(std::move(rest), Company::none);
  lock.unlock();
  if (done > 0) {
    const std::lock_guard of_logs(log_mutex_);
    log_tails_.hand_over(call, row.tasks[done - 1].job, row.tasks[done - 1].call);
  }
  if (!row.ended) return;
  report::Call& ended = *row.ended;
  ended.count = done;
  ended.busy_ms = seconds.value_or(0) * 1e3;
  ended.times.retries.failed_items += static_cast<std::uint32_t>(again);
  accounts_.add_to_all(ended);
  for (std::size_t task = 0; task < std::max<std::size_t>(done, 1); ++task) {
    report::Call own = ended;  // of its one item
    own.job = row.tasks[task].job;
    own.count = std::min<std::size_t>(done, 1);
    own.busy_ms = ended.busy_ms / static_cast<double>(std::max<std::size_t>(done, 1));
    own.times.retries.failed_items =
        task + again >= done ? static_cast<std::uint32_t>(std::min<std::size_t>(again, 1)) : 0;
    if (task < row.told) own.failure = {};
    accounts_.add_to_own(own);
  }
}

}  // namespace lambdapool::python

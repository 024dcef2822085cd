#include "pool/task_rows.hpp"

#include <algorithm>
#include <iterator>

namespace lambdapool::pool {
namespace {

constexpr Chunking::Seconds slow{1};

}  // namespace

std::size_t TaskRows::next(std::string_view function, std::size_t waiting) {
  if (function != function_) {
    function_ = function;
    chunking_ = Chunking(1, workers_, true);
    ++series_;
  }
  return chunking_.next(waiting);
}

void TaskRows::sent(std::string function, std::vector<Task> tasks) {
  const Call carrier = tasks.front().call;
  rows_.insert_or_assign(carrier,
                         Row{.function = std::move(function), .tasks = std::move(tasks), .series = series_});
}

TaskRows::Row* TaskRows::find(Call carrier) {
  const auto found = rows_.find(carrier);
  return found == rows_.end() ? nullptr : &found->second;
}

TaskRows::Row TaskRows::cut(Call carrier, std::size_t from) {
  Row* row = find(carrier);
  if (row == nullptr || row->answered || from >= row->tasks.size()) return {};
  const auto first = row->tasks.begin() + static_cast<std::ptrdiff_t>(std::max(from, row->told));
  Row back{.function = row->function,
           .tasks = {std::move_iterator(first), std::move_iterator(row->tasks.end())}};
  row->tasks.erase(first, row->tasks.end());
  return back;
}

bool TaskRows::may_have_begun(Call carrier, Job job) const {
  const auto found = rows_.find(carrier);
  if (found == rows_.end()) return true;
  const Row& row = found->second;
  return row.told < row.tasks.size() && row.tasks[row.told].job == job;
}

std::pair<std::vector<TaskRows::Job>, std::size_t> TaskRows::arrived_early(Call carrier, std::size_t first,
                                                                           std::size_t count) {
  Row* row = find(carrier);
  // The last one is left to the answer, which ends the call.
  if (row == nullptr || first > row->told || first + count <= row->told || first + count >= row->tasks.size())
    return {};
  const std::size_t known = row->told - first;
  std::vector<Job> jobs;
  while (row->told < first + count) jobs.push_back(row->tasks[row->told++].job);
  return {jobs, known};
}

TaskRows::Row TaskRows::over(Call carrier) {
  auto node = rows_.extract(carrier);
  return node ? std::move(node.mapped()) : Row();
}

TaskRows::Row TaskRows::over(Call carrier, std::size_t done, Chunking::Seconds busy, std::size_t bytes) {
  Row row = over(carrier);
  // One that ended before its end has something in it for which others should not have to come back.
  if (row.series == series_)
    chunking_.observe(std::max<std::size_t>(done, 1), done < row.tasks.size() ? slow : busy, bytes);
  return row;
}

}  // namespace lambdapool::pool

// Tasks that came one by one and share a call: tiny ones of one function, where several wait anyway. Each is
// a job of its own with a call number of its own; the number of the first one's is that of the call that all
// travel in. They begin one by one, and can be had back until then, as the items of a row (see Chunking). The
// decisions and the records, for who sends the calls and marks in them what has come. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pool/batch.hpp"
#include "pool/chunking.hpp"
#include "report/call.hpp"

namespace lambdapool::pool {

class TaskRows {
 public:
  using Job = Batch::Job;
  using Call = Batch::Call;

  struct Task {
    Job job;
    Call call;
    std::string arguments;  // as they are sent, for when it comes back
    bool operator==(const Task&) const = default;
  };
  struct Row {
    std::string function = {};               // likewise
    std::vector<Task> tasks = {};            // without those that were cut
    std::size_t told = 0;                    // of them, from the first on: whose outcomes came early
    std::optional<report::Call> ended = {};  // its call, once it has
    bool answered = false;
    int recalls = 0;  // so many want back what has not begun
    std::uint64_t series = 0;
  };

  explicit TaskRows(std::size_t workers) : workers_(workers) {}

  // A call to `function` is about to be sent, and so many tasks wait, its own among them: at most so many of
  // those that are next may share it, if they are to the same function.
  std::size_t next(std::string_view function, std::size_t waiting);
  void sent(std::string function, std::vector<Task> tasks);  // 1 or more

  // By the call that they travel in; null where that is none of these.
  Row* find(Call carrier);
  // Of the tasks of the row as it was sent, those from this one on, which have not begun and will not: what
  // is returned has these alone, and the row goes on without them.
  Row cut(Call carrier, std::size_t from);
  // Of a task that has been sent: nobody knows yet that the one before it has an outcome, where this is
  // false.
  bool may_have_begun(Call carrier, Job job) const;
  // As Batch::arrived_early(): those whose outcomes are new, and how many of the `count` are not.
  std::pair<std::vector<Job>, std::size_t> arrived_early(Call carrier, std::size_t first, std::size_t count);

  // The row's call has ended, and all that it leaves is in what is returned. `done` of its tasks have
  // outcomes, which took a worker so long.
  Row over(Call carrier);
  Row over(Call carrier, std::size_t done, Chunking::Seconds busy, std::size_t bytes);

 private:
  std::size_t workers_;
  std::string function_;  // of the newest, and what is known of it
  Chunking chunking_{1, 1, true};
  std::uint64_t series_ = 0;
  std::unordered_map<Call, Row> rows_;
};

}  // namespace lambdapool::pool

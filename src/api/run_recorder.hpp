// What a job of a named run writes into its journal: what is sent before it is, and results before anybody
// sees them.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "journal/run.hpp"
#include "runtime/message.hpp"

namespace lambdapool::api {

class RunRecorder {
 public:
  // `missing`: where the job's items stand in the range that the user gave.
  RunRecorder(std::unique_ptr<journal::RunJournal> run, std::vector<journal::Position> missing)
      : run_(std::move(run)), missing_(std::move(missing)) {}

  std::size_t position(std::size_t index) const { return static_cast<std::size_t>(missing_[index]); }

  Result<void> sending(std::size_t first, std::size_t count);
  // Of `count` items that were sent these have come back; the others have not run.
  Result<void> arrived(std::size_t first, std::size_t count, std::span<const runtime::ItemOutcomeView> items);
  Result<void> not_run(std::size_t first, std::size_t count);
  Result<void> failed(std::size_t first, std::size_t count, ErrorKind kind);
  Result<void> took(const journal::Billed& call);
  void close();  // the run may be resumed by others

 private:
  std::vector<journal::Position> positions(std::size_t first, std::size_t count) const;
  std::shared_ptr<journal::RunJournal> running();

  std::mutex mutex_;
  std::shared_ptr<journal::RunJournal> run_;
  const std::vector<journal::Position> missing_;
};

}  // namespace lambdapool::api

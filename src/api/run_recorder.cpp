#include "api/run_recorder.hpp"

#include <utility>

namespace lambdapool::api {

std::vector<journal::Position> RunRecorder::positions(std::size_t first, std::size_t count) const {
  const auto begin = missing_.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

std::shared_ptr<journal::RunJournal> RunRecorder::running() {
  const std::lock_guard lock(mutex_);
  return run_;
}

void RunRecorder::close() {
  const std::lock_guard lock(mutex_);
  run_.reset();
}

Result<void> RunRecorder::sending(std::size_t first, std::size_t count) {
  const auto run = running();
  return run ? run->sent(positions(first, count)) : Result<void>();
}

Result<void> RunRecorder::arrived(std::size_t first, std::size_t count,
                                  std::span<const runtime::ItemOutcomeView> items) {
  const auto run = running();
  if (!run) return {};
  std::vector<std::pair<journal::Position, std::string_view>> done;
  std::vector<journal::Position> returned = positions(first + items.size(), count - items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].status == runtime::Status::value)
      done.emplace_back(missing_[first + i], items[i].bytes);
    else
      returned.push_back(missing_[first + i]);
  }
  if (auto written = run->done(done); !written) return written;
  return run->returned(returned);
}

Result<void> RunRecorder::took(const journal::Billed& call) {
  const auto run = running();
  return run ? run->took(call) : Result<void>();
}

Result<void> RunRecorder::not_run(std::size_t first, std::size_t count) {
  const auto run = running();
  return run ? run->returned(positions(first, count)) : Result<void>();
}

Result<void> RunRecorder::failed(std::size_t first, std::size_t count, ErrorKind kind) {
  const bool may_have_run = kind == ErrorKind::network || kind == ErrorKind::service ||
                            kind == ErrorKind::cancelled || kind == ErrorKind::protocol;
  const auto run = running();
  return may_have_run || !run ? Result<void>() : run->returned(positions(first, count));
}

}  // namespace lambdapool::api

#include "api/resumed_job.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/failure.hpp"
#include "core/encoding.hpp"
#include "journal/directory.hpp"

namespace lambdapool::api {
namespace {

constexpr std::size_t digest_bytes = 16;

class ResumedJob final : public detail::Job {
 public:
  // An item of the user's range: its result, or its place among those that were sent.
  struct Item {
    std::optional<std::string> result = {};
    std::size_t sent = 0;
  };

  ResumedJob(std::shared_ptr<api::Job> missing, std::vector<Item> items)
      : missing_(std::move(missing)), items_(std::move(items)) {}

  void wait() override { missing_->wait(); }
  bool wait_until(std::chrono::steady_clock::time_point deadline) override {
    return missing_->wait_until(deadline);
  }
  bool cancel() override { return missing_->cancel(); }
  std::string_view result(std::size_t item) override {
    return items_[item].result ? std::string_view(*items_[item].result) : missing_->result(items_[item].sent);
  }
  std::string logs() override { return missing_->logs(); }
  Report report() override { return missing_->report(); }
  Progress progress() override {
    Progress now = missing_->progress();
    const std::size_t known = items_.size() - std::min(items_.size(), now.total);
    now.done += known;
    now.total += known;
    return now;
  }
  void forget_results() override {
    missing_->forget_results();
    items_ = {};
  }

 private:
  const std::shared_ptr<api::Job> missing_;
  std::vector<Item> items_;
};

template <class T>
T value_of(Result<T> result) {
  if (!result) throw_error(result.error());
  return std::move(*result);
}

std::vector<std::string> digests_of(const std::vector<std::string>& items) {
  std::vector<std::string> digests;
  digests.reserve(items.size());
  for (const std::string& item : items) {
    const Sha256 hash = sha256(item);
    digests.emplace_back(reinterpret_cast<const char*>(hash.data()), digest_bytes);
  }
  return digests;
}

journal::OnChange on_change(OnChange given) {
  switch (given) {
    case OnChange::restart:
      return journal::OnChange::restart;
    case OnChange::keep:
      return journal::OnChange::keep;
    case OnChange::error:
      break;
  }
  return journal::OnChange::error;
}

}  // namespace

std::shared_ptr<detail::Job> resume(
    const NamedRun& named, const Environment& environment, std::vector<std::string> items,
    const std::function<std::shared_ptr<Job>(std::vector<std::string>, std::shared_ptr<RunRecorder>)>&
        start) {
  auto run = value_of(journal::RunJournal::open(
      journal::runs_directory(environment), named.options.name,
      {named.function, named.code, on_change(named.options.on_change), named.idempotent}));
  const std::vector<std::string> digests = digests_of(items);
  const auto states =
      value_of(run->claim(0, {digests.begin(), digests.end()}, journal::RunJournal::Extent::whole));
  std::vector<ResumedJob::Item> known(items.size());
  std::vector<std::string> missing;
  std::vector<journal::Position> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto position = static_cast<journal::Position>(i);
    if (states[i] == journal::State::done) {
      known[i].result = value_of(run->result(position));
      continue;
    }
    known[i].sent = missing.size();
    missing.push_back(std::move(items[i]));
    positions.push_back(position);
  }
  if (missing.empty()) run.reset();
  auto recorder = std::make_shared<RunRecorder>(std::move(run), std::move(positions));
  return std::make_shared<ResumedJob>(start(std::move(missing), std::move(recorder)), std::move(known));
}

}  // namespace lambdapool::api

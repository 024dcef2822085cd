#include "api/books.hpp"

#include <string_view>
#include <utility>

#include "api/failure.hpp"
#include "report/report.hpp"

namespace lambdapool::api {
namespace {

class Data final : public detail::ReportData {
 public:
  explicit Data(report::Report report) : report_(std::move(report)) {}
  std::size_t calls() const override { return report_.ledger().calls(); }
  std::size_t items() const override { return report_.ledger().items(); }
  double cost() const override { return report_.cost(); }
  std::string text() const override { return report_.text(); }
  std::string json() const override { return report_.json(); }
  void save(const std::string& path) const override {
    if (auto saved = report_.save(path); !saved) throw_error(saved.error());
  }

 private:
  const report::Report report_;
};

}  // namespace

void Books::observe(Call call, const report::CallTimes& times, const ErrorKind* failure) {
  if (times.architecture) tariff_.runs_on(*times.architecture);
  const std::lock_guard lock(mutex_);
  ended_.insert_or_assign(
      call, report::Call{.failure = failure ? to_string(*failure) : std::string_view(), .times = times});
}

std::optional<report::Call> Books::settled(const pool::Batch::Chunk& chunk, std::size_t done,
                                           std::size_t again, std::size_t climbed,
                                           std::chrono::microseconds busy) {
  std::unique_lock lock(mutex_);
  auto node = ended_.extract(chunk.call);
  lock.unlock();
  if (!node) return std::nullopt;
  report::Call& call = node.mapped();
  call.job = chunk.job;
  call.first = chunk.first;
  call.count = done;
  call.busy_ms = std::chrono::duration<double, std::milli>(busy).count();
  call.times.retries.failed_items = static_cast<std::uint32_t>(again);
  call.times.retries.out_of_memory = static_cast<std::uint32_t>(climbed);
  accounts_.add(call);
  return call;
}

std::optional<report::Call> Books::let_go(Call call, std::optional<pool::Batch::Job> of, bool late) {
  std::unique_lock lock(mutex_);
  auto node = ended_.extract(call);
  lock.unlock();
  if (!node) return std::nullopt;
  report::Call& ended = node.mapped();
  ended.count = 0;
  if (of) ended.job = *of;
  if (late) ended.times.retries.stragglers = 1;
  accounts_.add(ended);
  return ended;
}

journal::Billed Books::billed(const report::Call& call) const {
  const auto& invocation = call.times.invocation;
  if (!invocation) return {};
  const auto& rates = prices();
  return {invocation->billed_ms, invocation->memory_mb, rates ? report::cost_of(*invocation, *rates) : 0};
}

Report Books::report(const report::Account* account) const {
  const auto& rates = prices();
  if (!rates) throw_error(rates.error());
  const report::Account& of = account ? *account : accounts_.all();
  return Report(std::make_shared<Data>(report::Report(of.ledger(), *rates)));
}

double Books::cost_of(const report::Account& account) const {
  const auto& rates = prices();
  return rates ? account.sum(*rates).cost : 0;
}

}  // namespace lambdapool::api

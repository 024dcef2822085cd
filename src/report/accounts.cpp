#include "report/accounts.hpp"

#include <algorithm>
#include <utility>

namespace lambdapool::report {

void Account::add(const Call& call) {
  const std::lock_guard lock(mutex_);
  if (!ledger_ && !only_) {
    only_ = call;
    return;
  }
  if (!ledger_) {
    ledger_ = std::make_unique<Ledger>();
    ledger_->add(*std::exchange(only_, std::nullopt));
  }
  ledger_->add(call);
}

Ledger Account::ledger() const {
  const std::lock_guard lock(mutex_);
  if (ledger_) return *ledger_;
  Ledger ledger;
  if (only_) ledger.add(*only_);
  return ledger;
}

Account::Sum Account::sum(const Prices& prices) const {
  const auto sum_of = [&](const Ledger& ledger) {
    return Sum{ledger.calls(), ledger.failed_calls(), ledger.invocations().cost(prices)};
  };
  std::unique_lock lock(mutex_);
  if (ledger_) return sum_of(*ledger_);
  lock.unlock();
  return sum_of(ledger());
}

std::shared_ptr<Account> Accounts::open(std::uint64_t job) {
  auto account = std::make_shared<Account>();
  const std::lock_guard lock(mutex_);
  if (jobs_.size() >= swept_at_) {
    std::erase_if(jobs_, [](const auto& entry) { return entry.second.expired(); });
    swept_at_ = std::max<std::size_t>(64, 2 * jobs_.size());
  }
  jobs_.insert_or_assign(job, account);
  return account;
}

void Accounts::add(const Call& call) {
  add_to_own(call);
  add_to_all(call);
}

void Accounts::add_to_own(const Call& call) {
  if (const auto own = account_of(call.job)) own->add(call);
}

std::shared_ptr<Account> Accounts::account_of(std::uint64_t job) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : found->second.lock();
}

}  // namespace lambdapool::report

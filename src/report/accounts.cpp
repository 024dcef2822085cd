#include "report/accounts.hpp"

#include <algorithm>

namespace lambdapool::report {

void Account::add(const Call& call) {
  const std::lock_guard lock(mutex_);
  ledger_.add(call);
}

Ledger Account::ledger() const {
  const std::lock_guard lock(mutex_);
  return ledger_;
}

Account::Sum Account::sum(const Prices& prices) const {
  const std::lock_guard lock(mutex_);
  return {ledger_.calls(), ledger_.failed_calls(), ledger_.invocations().cost(prices)};
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
  if (const auto own = account_of(call.job)) own->add(call);
  all_.add(call);
}

std::shared_ptr<Account> Accounts::account_of(std::uint64_t job) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? nullptr : found->second.lock();
}

}  // namespace lambdapool::report

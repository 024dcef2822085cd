// The ledgers of a pool and of its maps, for the threads that add to them and those that ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "report/ledger.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

class Account {
 public:
  void add(const Call& call);
  Ledger ledger() const;  // as it is now

  struct Sum {
    std::size_t calls = 0;
    std::size_t failed_calls = 0;
    double cost = 0;  // in dollars
  };
  Sum sum(const Prices& prices) const;  // without a copy

 private:
  mutable std::mutex mutex_;
  std::optional<Call> only_;        // most are of a single task, for whose one call a ledger is much
  std::unique_ptr<Ledger> ledger_;  // of several
};

class Accounts {
 public:
  // For a job of which somebody may want to know. It is added to for as long as somebody holds it.
  std::shared_ptr<Account> open(std::uint64_t job);

  void add(const Call& call);         // to the job's, where there is one, and to all()
  void add_to_own(const Call& call);  // to the job's alone: of a call that several jobs share
  void add_to_all(const Call& call) { all_.add(call); }
  const Account& all() const { return all_; }

 private:
  std::shared_ptr<Account> account_of(std::uint64_t job);

  Account all_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Account>> jobs_;
  std::size_t swept_at_ = 64;  // so many are looked through for those that nobody holds
};

}  // namespace lambdapool::report

// What the calls of a pool took and cost, from the engine that sends them and the jobs whose items they
// carry.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "journal/run.hpp"
#include "lambdapool/report.hpp"
#include "pool/batch.hpp"
#include "report/accounts.hpp"
#include "report/prices.hpp"
#include "report/tariff.hpp"

namespace lambdapool::api {

class Books {
 public:
  using Call = pool::Batch::Call;

  Books() = default;  // all is free
  explicit Books(const report::Tariff::PricesOf& prices_of) { tariff_.set(prices_of); }

  // As pool::EngineOptions::Observe: before settled().
  void observe(Call call, const report::CallTimes& times, const ErrorKind* failure);

  // Of a call's items so many have outcomes that count, and others will be run again: so many more with more
  // memory. Nothing where it was not sent.
  std::optional<report::Call> settled(const pool::Batch::Chunk& chunk, std::size_t done, std::size_t again,
                                      std::size_t climbed, std::chrono::microseconds busy);
  // Nobody wants its items from it any more; what it cost counts. `of`: whose it was, where that is known;
  // `late`: another call with them was first.
  std::optional<report::Call> let_go(Call call, std::optional<pool::Batch::Job> of, bool late);

  journal::Billed billed(const report::Call& call) const;
  std::shared_ptr<report::Account> open(pool::Batch::Job job) { return accounts_.open(job); }
  Report report(const report::Account* account) const;  // null: of all. Throws InvalidArgument (prices).
  double cost_of(const report::Account& account) const;
  const Result<report::Prices>& prices() const { return tariff_.prices(); }

 private:
  report::Tariff tariff_;
  report::Accounts accounts_;
  std::mutex mutex_;
  std::unordered_map<Call, report::Call> ended_;  // until their job has looked at them
};

}  // namespace lambdapool::api

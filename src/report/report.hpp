// What a map, or all of a pool, took and cost, as of a moment: a table, JSON, a page for a browser, a trace.
#pragma once

#include <string>
#include <utility>

#include "core/error.hpp"
#include "report/ledger.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

class Report {
 public:
  Report(Ledger ledger, Prices prices) : ledger_(std::move(ledger)), prices_(std::move(prices)) {}

  const Ledger& ledger() const { return ledger_; }
  const Prices& prices() const { return prices_; }
  double cost() const { return ledger_.invocations().cost(prices_); }  // in dollars, of what was reported

  std::string text() const;   // a table of a few lines
  std::string json() const;   // docs/reports.md lists its members
  std::string html() const;   // a page that needs nothing else, and no network
  std::string trace() const;  // Chrome's trace event format, for chrome://tracing and Perfetto

  // As the name's end says: .html a page, .json a trace. Errors: invalid_argument (another end), io.
  Result<void> save(const std::string& path) const;

 private:
  Ledger ledger_;
  Prices prices_;
};

}  // namespace lambdapool::report

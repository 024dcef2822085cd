// How many items of a map may be under way, so that the map never costs more than its user allows.
//
// Nobody knows what an item costs before one is done. So one goes first, then three times as many with each
// round, and soon what counts is the money: as many may be under way as could all cost what the dearest did
// until now. Whatever they then cost, an item that is no dearer than all before it never crosses the cap.
#pragma once

#include <cstddef>
#include <optional>

#include "report/call.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

class Budget {
 public:
  explicit Budget(double dollars) : dollars_(dollars) {}

  void add(const Call& call, const Prices& prices);  // that has come to its end

  std::size_t room() const;                         // of items under way; 0: no more of them
  double dollars() const { return dollars_; }       // the cap
  double spent() const { return spent_; }           // with an estimate of calls that were not reported
  double dearest() const { return dearest_each_; }  // of an item; 0 while nothing was reported

 private:
  double dollars_;
  std::size_t calls_ = 0;
  std::size_t reported_ = 0;
  double spent_ = 0;
  double dearest_each_ = 0;
};

}  // namespace lambdapool::report

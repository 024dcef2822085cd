// What is told of a sample with one size of memory (include/lambdapool/tuning.hpp has the rest).
#pragma once

#include <string>

#include "lambdapool/tuning.hpp"
#include "report/ledger.hpp"
#include "report/prices.hpp"

namespace lambdapool::report {

// By the ledger of its calls. `failure`: why the size does not suffice; "": it does.
Tuned tuned(int memory_mb, const Ledger& ledger, const Prices& prices, std::string failure);

}  // namespace lambdapool::report

// What a function's invocations took and cost, read from its log: whoever called it.
#pragma once

#include <set>
#include <string>

#include "deploy/log/log_source.hpp"
#include "report/invocations.hpp"

namespace lambdapool::deploy {

struct LogStats {
  report::Invocations invocations = {};
  std::set<std::string> streams = {};  // one for each execution environment that ended an invocation
  report::Prices prices = {};
};

// Since a time. Errors: those of open_log(), and invalid_argument for prices that cannot be read.
Result<LogStats> read_stats(Connection& connection, const std::string& function, Instant since,
                            const StopToken& stop = {});

}  // namespace lambdapool::deploy

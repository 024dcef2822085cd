// The log of a function on Cloud Run: Cloud Logging, and what answers its calls on this machine.
#pragma once

#include <memory>
#include <string>

#include "deploy/log/log_source.hpp"
#include "report/prices.hpp"

namespace lambdapool::deploy {

// As open_log().
Result<std::unique_ptr<LogSource>> open_run_log(Connection& connection, const std::string& function,
                                                Instant since, const StopToken& stop);

// What Cloud Run asks for the function's time, its processors' price shared out among its memory: of the
// regions of Google's tier 1, where LAMBDAPOOL_PRICES says nothing else.
Result<report::Prices> run_prices(Connection& connection, const std::string& function, const StopToken& stop);

}  // namespace lambdapool::deploy

// The log of a function on Cloud Run: Cloud Logging, and what answers its calls on this machine.
#pragma once

#include <memory>
#include <string>

#include "deploy/log/log_source.hpp"

namespace lambdapool::deploy {

// As open_log().
Result<std::unique_ptr<LogSource>> open_run_log(Connection& connection, const std::string& function,
                                                Instant since, const StopToken& stop);

}  // namespace lambdapool::deploy

// Where the lines of a function's log come from: CloudWatch Logs, the local Lambda's files, or Cloud Logging.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "deploy/connection.hpp"
#include "deploy/log/log_line.hpp"
#include "deploy/stop_token.hpp"

namespace lambdapool::deploy {

using LogSink = std::function<Result<void>(std::vector<LogLine>)>;

class LogSource {
 public:
  virtual ~LogSource() = default;
  // Gives the sink what there is since the time, or is new since the last time, in the order of time. What it
  // returns ends the reading.
  virtual Result<void> read(const LogSink& sink) = 0;
  virtual bool exists() const = 0;  // whether the function has ever logged, known after read()
  // Until it is worth while to read again. Error kind cancelled when a wish to stop ends the wait.
  virtual Result<void> wait() = 0;
};

// The function's log from `since` on. Errors: invalid_argument (its name), not_found (there is no such
// function).
Result<std::unique_ptr<LogSource>> open_log(Connection& connection, const std::string& function,
                                            Instant since, const StopToken& stop = {});

}  // namespace lambdapool::deploy

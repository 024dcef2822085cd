// Where the lines of a function's log come from: CloudWatch Logs, or the local Lambda's files.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/instant.hpp"
#include "cli/log_line.hpp"
#include "cli/session.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {

using LogSink = std::function<Result<void>(std::vector<LogLine>)>;

class LogSource {
 public:
  virtual ~LogSource() = default;
  // Gives the sink what there is since the time, or is new since the last time, in the order of time. What it
  // returns ends the reading.
  virtual Result<void> read(const LogSink& sink) = 0;
  virtual bool exists() const = 0;  // whether the function has ever logged, known after read()
  virtual std::chrono::milliseconds poll_interval() const = 0;
};

// The function's log on `session`'s target. Error kind not_found: there is no such function.
Result<std::unique_ptr<LogSource>> open_log(Session& session, const std::string& function, Instant since);

}  // namespace lambdapool::cli

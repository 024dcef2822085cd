// What an X-Amz-Function-Error means: the function's own error, or a death that the platform reports.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace lambdapool::aws {

// The log's REPORT line, in its text form or as JSON (platform.report).
struct Report {
  std::string request_id = {};
  double duration_ms = 0;
  double billed_ms = 0;
  std::optional<double> init_ms = {};  // on a cold start
  int memory_mb = 0;
  int max_memory_used_mb = 0;
  std::string status = {};  // "timeout" or "error"; "" (or "success") where nothing went wrong
  std::string error_type = {};
};
std::optional<Report> parse_report(std::string_view line);
std::optional<Report> find_report(std::string_view log);  // the last one in the log's tail

// `payload` is the error's JSON as the caller gets it, `log` the tail in plain text. `function` as it was
// invoked, or "".
Error function_error(std::string payload, std::string log, std::string_view function);

}  // namespace lambdapool::aws

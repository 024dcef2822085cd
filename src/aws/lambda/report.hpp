// The REPORT line with which Lambda ends an invocation's log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "report/invocation.hpp"

namespace lambdapool::aws {

// In its text form or as JSON (platform.report).
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

// What it says, in the terms that every cloud's calls are counted in.
report::Invocation invocation_of(const Report& line);

}  // namespace lambdapool::aws

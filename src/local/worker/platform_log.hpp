// The lines that the platform adds to an invocation's log: START, END and REPORT, or, where the function's
// LoggingConfig asks for JSON, the records platform.start, platform.runtimeDone and platform.report of its
// system log level (Lambda's Telemetry API event schema; the levels are those of "System log level event
// mapping" in its developer guide).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "local/worker/invocation_error.hpp"

namespace lambdapool::local {

struct FunctionVersion;

struct Report {
  std::string_view request_id;
  double duration_ms = 0;
  std::optional<double> init_ms = {};  // on a cold start; billed as well
  int memory_mb = 0;
  int used_mb = 0;
  const InvocationError* failure = nullptr;  // of the platform
  bool function_error = false;               // the function's own, or such a failure
  std::size_t produced_bytes = 0;            // of the answer
};

std::string start_lines(const FunctionVersion& function, std::string_view request_id, std::int64_t at_ms);
std::string end_lines(const FunctionVersion& function, const Report& report, std::int64_t at_ms);

}  // namespace lambdapool::local

#include "local/worker/platform_log.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "local/worker/workers.hpp"

namespace lambdapool::local {
namespace {

using Json = nlohmann::ordered_json;

std::string report_line(const Report& report) {
  char numbers[256];
  const double billed = std::ceil(report.duration_ms + report.init_ms.value_or(0));
  int length = std::snprintf(
      numbers, sizeof numbers,
      "\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
      report.duration_ms, billed, report.memory_mb, report.used_mb);
  std::string line = "REPORT RequestId: " + std::string(report.request_id);
  line.append(numbers, static_cast<std::size_t>(length));
  if (report.init_ms) {
    length = std::snprintf(numbers, sizeof numbers, "Init Duration: %.2f ms\t", *report.init_ms);
    line.append(numbers, static_cast<std::size_t>(length));
  }
  if (report.failure && report.failure->status == InvocationError::Status::timeout) line += "Status: timeout";
  if (report.failure && report.failure->status == InvocationError::Status::error) {
    line += "Status: error\tError Type: " + report.failure->type;
  }
  return line + "\n";
}

// AWS gives milliseconds with three digits after the point.
double rounded(double milliseconds) { return std::round(milliseconds * 1000) / 1000; }

std::string record_line(const char* type, const Json& record, std::int64_t at_ms) {
  const std::time_t seconds = at_ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char time[64];
  const auto length = std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(time + length, sizeof time - length, ".%03dZ", static_cast<int>(at_ms % 1000));
  return Json{{"time", time}, {"type", type}, {"record", record}}.dump(-1, ' ', false,
                                                                       Json::error_handler_t::replace) +
         "\n";
}

void add_status(Json& record, const Report& report) {
  const bool timed_out = report.failure && report.failure->status == InvocationError::Status::timeout;
  record["status"] = timed_out ? "timeout" : report.function_error ? "error" : "success";
  if (report.failure && !timed_out) record["errorType"] = report.failure->type;
}

std::string done_record(const Report& report, std::int64_t at_ms) {
  Json record{{"requestId", report.request_id}};
  add_status(record, report);
  record["metrics"] = {{"durationMs", rounded(report.duration_ms)}, {"producedBytes", report.produced_bytes}};
  return record_line("platform.runtimeDone", record, at_ms);
}

std::string report_record(const Report& report, std::int64_t at_ms) {
  Json metrics{{"durationMs", rounded(report.duration_ms)},
               {"billedDurationMs",
                static_cast<std::int64_t>(std::ceil(report.duration_ms + report.init_ms.value_or(0)))},
               {"memorySizeMB", report.memory_mb},
               {"maxMemoryUsedMB", report.used_mb}};
  if (report.init_ms) metrics["initDurationMs"] = rounded(*report.init_ms);
  Json record{{"requestId", report.request_id}, {"metrics", std::move(metrics)}};
  add_status(record, report);
  return record_line("platform.report", record, at_ms);
}

}  // namespace

std::string start_lines(const FunctionVersion& function, std::string_view request_id, std::int64_t at_ms) {
  if (function.system_log_level.empty())
    return "START RequestId: " + std::string(request_id) + " Version: " + function.version + "\n";
  if (function.system_log_level == "WARN") return "";
  return record_line(
      "platform.start",
      {{"requestId", request_id}, {"functionArn", function.function_arn}, {"version", function.version}},
      at_ms);
}

std::string end_lines(const FunctionVersion& function, const Report& report, std::int64_t at_ms) {
  if (function.system_log_level.empty())
    return "END RequestId: " + std::string(report.request_id) + "\n" + report_line(report);
  const bool warns = report.function_error;
  std::string lines;
  if (warns || function.system_log_level == "DEBUG") lines += done_record(report, at_ms);
  if (warns || function.system_log_level != "WARN") lines += report_record(report, at_ms);
  return lines;
}

}  // namespace lambdapool::local

#include "cli/log_text.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "aws/lambda/function_error.hpp"
#include "aws/lambda/report.hpp"
#include "core/timestamp.hpp"

namespace lambdapool::cli {
namespace {

std::string milliseconds_text(double milliseconds) {
  char text[64];
  if (milliseconds >= 10'000)
    std::snprintf(text, sizeof text, "%.2f s", milliseconds / 1'000);
  else
    std::snprintf(text, sizeof text, "%.2f ms", milliseconds);
  return text;
}

std::string outcome(const aws::Report& report) {
  if (report.status == "timeout") return "TIMED OUT after ";
  if (report.status == "error" || report.status == "failure" || !report.error_type.empty())
    return "FAILED" + (report.error_type.empty() ? "" : " (" + report.error_type + ")") + " after ";
  return "took ";
}

std::string in_words(const aws::Report& report) {
  std::string text = "REPORT RequestId: " + report.request_id + " " + outcome(report) +
                     milliseconds_text(report.duration_ms);
  if (report.init_ms) text += " and " + milliseconds_text(*report.init_ms) + " to start";
  if (report.billed_ms > 0) text += ", billed " + milliseconds_text(report.billed_ms);
  return text + ", used " + std::to_string(report.max_memory_used_mb) + " of " +
         std::to_string(report.memory_mb) + " MB";
}

}  // namespace

std::string readable(const deploy::LogLine& line) {
  constexpr std::size_t shown = 8;
  const std::string stream =
      line.stream.size() > shown ? line.stream.substr(line.stream.size() - shown) : line.stream;
  const auto report = aws::parse_report(line.text);
  std::string text = report ? in_words(*report) : line.text;
  text.erase(text.find_last_not_of("\t ") + 1);
  return format_timestamp_ms(line.time) + " " + stream + " " + text;
}

std::string json(const deploy::LogLine& line) {
  const nlohmann::ordered_json object = {
      {"time", format_timestamp_ms(line.time)}, {"stream", line.stream}, {"text", line.text}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace lambdapool::cli

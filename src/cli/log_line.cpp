#include "cli/log_line.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "aws/lambda/function_error.hpp"

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

enum class Boundary { none, start, report };

Boundary boundary_of(std::string_view text) {
  if (text.starts_with("START RequestId: ")) return Boundary::start;
  if (text.starts_with("REPORT RequestId: ")) return Boundary::report;
  if (!text.starts_with('{')) return Boundary::none;
  if (text.find("\"platform.start\"") != std::string_view::npos) return Boundary::start;
  if (text.find("\"platform.report\"") != std::string_view::npos) return Boundary::report;
  return Boundary::none;
}

}  // namespace

std::vector<LogLine> lines_of(Instant time, const std::string& stream, std::string_view message) {
  std::vector<LogLine> lines;
  while (!message.empty()) {
    const auto end = message.find_first_of("\r\n");
    const auto text = message.substr(0, end);
    message.remove_prefix(end == std::string_view::npos ? message.size() : end + 1);
    if (!text.empty()) lines.push_back({time, stream, std::string(text)});
  }
  return lines;
}

std::string readable(const LogLine& line) {
  constexpr std::size_t shown = 8;
  const std::string stream =
      line.stream.size() > shown ? line.stream.substr(line.stream.size() - shown) : line.stream;
  const auto report = aws::parse_report(line.text);
  std::string text = report ? in_words(*report) : line.text;
  text.erase(text.find_last_not_of("\t ") + 1);
  return format_instant(line.time) + " " + stream + " " + text;
}

std::string json(const LogLine& line) {
  const nlohmann::ordered_json object = {
      {"time", format_instant(line.time)}, {"stream", line.stream}, {"text", line.text}};
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool RequestLines::has(const LogLine& line) {
  const bool named = line.text.find(id_) != std::string::npos;
  bool& inside = inside_[line.stream];
  const Boundary boundary = boundary_of(line.text);
  if (boundary == Boundary::start) inside = named;
  const bool has = inside || named;
  if (boundary == Boundary::report) inside = false;
  return has;
}

}  // namespace lambdapool::cli

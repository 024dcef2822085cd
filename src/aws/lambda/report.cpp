#include "aws/lambda/report.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

std::string_view word_in(std::string_view text) {
  return text.substr(0, std::min({text.find(' '), text.find('\r'), text.find('\n')}));
}

double number_in(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Anybody can print such a line: what no function has counts as not told.
int megabytes(double number) { return number > 0 && number < 1e9 ? static_cast<int>(number) : 0; }

// What stands between tabs, as "NAME: VALUE".
Report parse_text(std::string_view line) {
  Report out;
  while (!line.empty()) {
    const std::string_view field = line.substr(0, line.find('\t'));
    line.remove_prefix(std::min(line.size(), field.size() + 1));
    const auto colon = field.find(": ");
    if (colon == std::string_view::npos) continue;
    const std::string_view name = field.substr(0, colon), value = field.substr(colon + 2);
    if (name == "REPORT RequestId") out.request_id = word_in(value);
    if (name == "Duration") out.duration_ms = number_in(value);
    if (name == "Billed Duration") out.billed_ms = number_in(value);
    if (name == "Init Duration") out.init_ms = number_in(value);
    if (name == "Memory Size") out.memory_mb = megabytes(number_in(value));
    if (name == "Max Memory Used") out.max_memory_used_mb = megabytes(number_in(value));
    if (name == "Status") out.status = word_in(value);
    if (name == "Error Type") out.error_type = word_in(value);
  }
  return out;
}

// By reference: copying what somebody has nested deeply enough exhausts the stack.
std::optional<Report> parse_json(std::string_view line) {
  const auto event = json::parse(line, nullptr, false);
  if (member(event, "type") != "platform.report") return std::nullopt;
  const json& record = member(event, "record");
  const json& metrics = member(record, "metrics");
  const auto number = [&](const char* name) {
    const json& value = member(metrics, name);
    return value.is_number() ? value.get<double>() : 0.0;
  };
  Report out;
  out.request_id = text(record, "requestId");
  out.duration_ms = number("durationMs");
  out.billed_ms = number("billedDurationMs");
  if (!member(metrics, "initDurationMs").is_null()) out.init_ms = number("initDurationMs");
  out.memory_mb = megabytes(number("memorySizeMB"));
  out.max_memory_used_mb = megabytes(number("maxMemoryUsedMB"));
  out.status = text(record, "status");
  out.error_type = text(record, "errorType");
  return out;
}

}  // namespace

std::optional<Report> parse_report(std::string_view line) {
  if (line.starts_with("REPORT RequestId: ")) return parse_text(line);
  if (line.starts_with('{') && line.find("platform.report") != std::string_view::npos)
    return parse_json(line);
  return std::nullopt;
}

std::optional<Report> find_report(std::string_view log) {
  while (!log.empty()) {
    const auto end = log.rfind('\n');
    const auto line = end == std::string_view::npos ? log : log.substr(end + 1);
    log = end == std::string_view::npos ? std::string_view() : log.substr(0, end);
    if (auto report = parse_report(line)) return report;
  }
  return std::nullopt;
}

report::Invocation invocation_of(const Report& line) {
  using Ending = report::Invocation::Ending;
  report::Invocation invocation;
  if (line.status == "timeout")
    invocation.ending = Ending::timed_out;
  else if (line.status == "error" || line.status == "failure" || !line.error_type.empty())
    invocation.ending = Ending::failed;
  invocation.duration_ms = line.duration_ms;
  invocation.billed_ms = line.billed_ms;
  invocation.init_ms = line.init_ms;
  invocation.memory_mb = line.memory_mb;
  invocation.max_memory_used_mb = line.max_memory_used_mb;
  return invocation;
}

}  // namespace lambdapool::aws

#include "aws/lambda/report.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "aws/json_answer.hpp"

namespace lambdapool::aws {

namespace {

using nlohmann::json;

// The number after "NAME: " in a tab-separated line. Names are looked for after a tab, since "Duration"
// and "Memory Size" end other names too.
double number_after(std::string_view line, std::string_view name) {
  const auto at = line.find("\t" + std::string(name) + ": ");
  if (at == std::string_view::npos) return 0;
  line.remove_prefix(at + name.size() + 3);
  double value = 0;
  std::from_chars(line.data(), line.data() + line.size(), value);
  return value;
}

// Anybody can print such a line: what no function has counts as not told.
int megabytes(double number) { return number > 0 && number < 1e9 ? static_cast<int>(number) : 0; }

// The word after "NAME: ", wherever it stands.
std::string word_after(std::string_view line, std::string_view name) {
  const auto at = line.find(std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  const auto rest = line.substr(at + name.size() + 2);
  return std::string(rest.substr(0, rest.find_first_of("\t\r\n ")));
}

Report parse_text(std::string_view line) {
  Report out;
  out.request_id = word_after(line, "REPORT RequestId");
  out.duration_ms = number_after(line, "Duration");
  out.billed_ms = number_after(line, "Billed Duration");
  if (line.find("\tInit Duration: ") != std::string_view::npos)
    out.init_ms = number_after(line, "Init Duration");
  out.memory_mb = megabytes(number_after(line, "Memory Size"));
  out.max_memory_used_mb = megabytes(number_after(line, "Max Memory Used"));
  out.status = word_after(line, "\tStatus");
  out.error_type = word_after(line, "Error Type");
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

}  // namespace lambdapool::aws

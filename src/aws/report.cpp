#include <charconv>
#include <nlohmann/json.hpp>

#include "aws/function_error.hpp"

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

Report parse_text(std::string_view line) {
  Report out;
  out.duration_ms = number_after(line, "Duration");
  out.memory_mb = static_cast<int>(number_after(line, "Memory Size"));
  out.max_memory_used_mb = static_cast<int>(number_after(line, "Max Memory Used"));
  constexpr std::string_view error_type = "Error Type: ";
  if (const auto at = line.find(error_type); at != std::string_view::npos) {
    const auto rest = line.substr(at + error_type.size());
    out.error_type = rest.substr(0, rest.find_first_of("\t\r\n "));
  }
  return out;
}

std::optional<Report> parse_json(std::string_view line) {
  const auto event = json::parse(line, nullptr, false);
  if (!event.is_object() || event.value("type", json()) != "platform.report") return std::nullopt;
  const auto record = event.value("record", json::object());
  const auto metrics = record.is_object() ? record.value("metrics", json::object()) : json::object();
  const auto number = [&](const char* name) {
    const auto value = metrics.is_object() ? metrics.value(name, json()) : json();
    return value.is_number() ? value.get<double>() : 0.0;
  };
  Report out;
  out.duration_ms = number("durationMs");
  out.memory_mb = static_cast<int>(number("memorySizeMB"));
  out.max_memory_used_mb = static_cast<int>(number("maxMemoryUsedMB"));
  const auto type = record.is_object() ? record.value("errorType", json()) : json();
  if (type.is_string()) out.error_type = type.get<std::string>();
  return out;
}

}  // namespace

std::optional<Report> find_report(std::string_view log) {
  while (!log.empty()) {
    const auto end = log.rfind('\n');
    const auto line = end == std::string_view::npos ? log : log.substr(end + 1);
    log = end == std::string_view::npos ? std::string_view() : log.substr(0, end);
    if (line.starts_with("REPORT RequestId: ")) return parse_text(line);
    if (line.starts_with('{') && line.find("platform.report") != std::string_view::npos) {
      if (auto report = parse_json(line)) return report;
    }
  }
  return std::nullopt;
}

}  // namespace lambdapool::aws

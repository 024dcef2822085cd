#include "deploy/log/log_line.hpp"

namespace lambdapool::deploy {
namespace {

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

bool RequestLines::has(const LogLine& line) {
  const bool named = line.text.find(id_) != std::string::npos;
  bool& inside = inside_[line.stream];
  const Boundary boundary = boundary_of(line.text);
  if (boundary == Boundary::start) inside = named;
  const bool has = inside || named;
  if (boundary == Boundary::report) inside = false;
  return has;
}

}  // namespace lambdapool::deploy

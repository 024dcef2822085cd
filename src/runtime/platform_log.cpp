#include "runtime/platform_log.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/json_scan.hpp"
#include "core/random.hpp"
#include "core/utf8.hpp"

namespace lambdapool::runtime {
namespace {

constexpr std::size_t line_max = 65'536;  // of a line that does not end
constexpr std::size_t id_digits = 32;

std::optional<std::string> id_in(std::string_view text) {
  if (text.size() < id_digits) return std::nullopt;
  std::string id(text.substr(0, id_digits));
  for (char& c : id) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return id;
}

}  // namespace

void PlatformLog::write(std::string_view text) {
  if (text.empty()) return;
  if (!slot_) {
    ended_ = text.ends_with('\n');
    return output_(text);
  }
  part_.append(text);
  std::size_t begin = 0;
  for (auto end = part_.find('\n'); end != std::string::npos; end = part_.find('\n', begin)) {
    write_labelled(std::string_view(part_).substr(begin, end - begin));
    begin = end + 1;
  }
  part_.erase(0, begin);
  if (part_.size() > line_max) write_labelled(std::exchange(part_, {}));
}

void PlatformLog::own_line(std::string_view line) {
  const bool ends_another = slot_ ? !part_.empty() : !ended_;
  write((ends_another ? "\n" : "") + std::string(line) + "\n");
}

void PlatformLog::write_labelled(std::string_view line) {
  std::string json = "{\"message\":";
  append_json_string(json, utf8::is_valid(line) ? std::string(line) : utf8::escaped(line));
  json += R"(,"logging.googleapis.com/labels":{"lambdapool_slot":")" + std::to_string(*slot_) + "\"}}\n";
  output_(json);
}

std::string report_line(const Report& report) {
  const double milliseconds = report.duration.count();
  std::array<char, 256> numbers;
  // Cloud Run charges an instance's time in steps of 100 ms.
  std::snprintf(
      numbers.data(), numbers.size(),
      "\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %llu MB\tMax Memory Used: %llu MB\t",
      milliseconds, std::ceil(milliseconds / 100) * 100,
      static_cast<unsigned long long>(report.memory_bytes >> 20),
      static_cast<unsigned long long>(report.peak_bytes >> 20));
  std::string line = "REPORT RequestId: " + report.request_id + numbers.data();
  if (report.start) {
    std::snprintf(numbers.data(), numbers.size(), "Init Duration: %.2f ms\t", report.start->count());
    line += numbers.data();
  }
  if (report.error == "Sandbox.Timedout") line += "Status: timeout";
  if (report.error.starts_with("Runtime.")) line += "Status: error\tError Type: " + report.error;
  return line;
}

std::string log_tail(std::string_view start, std::string_view written, std::string_view report) {
  constexpr std::size_t most = 4'096;
  std::string all = std::string(start) + "\n" + std::string(written);
  if (!all.ends_with('\n')) all += '\n';
  all.append(report).append("\n");
  return all.size() > most ? all.substr(all.size() - most) : all;
}

std::chrono::milliseconds age_of_process() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text, '\0');
  std::istringstream words(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string word;
  for (int field = 0; field < 20 && words >> word; ++field) {
  }
  double up = 0;
  std::ifstream("/proc/uptime") >> up;
  const double started = std::strtod(word.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::max(0.0, (up - started) * 1'000)));
}

std::string request_id_of(std::string_view trace_context, std::string_view traceparent) {
  if (auto id = id_in(trace_context)) return std::move(*id);
  if (traceparent.size() > 3 && traceparent[2] == '-')
    if (auto id = id_in(traceparent.substr(3))) return std::move(*id);
  return random_hex(id_digits / 2);
}

}  // namespace lambdapool::runtime

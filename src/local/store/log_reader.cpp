#include "local/store/log_reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>

namespace lambdapool::local {
namespace {

namespace fs = std::filesystem;

std::string stream_of(const fs::path& path) {
  const auto name = path.filename().string();
  return name.substr(0, name.rfind(".log"));
}

// "<epoch milliseconds> <text>"
std::optional<LogEvent> parse(const std::string& line, const std::string& stream) {
  LogEvent event{0, stream, {}};
  const auto end = line.data() + line.size();
  const auto [stop, bad] = std::from_chars(line.data(), end, event.time_ms);
  if (bad != std::errc{} || stop == end || *stop != ' ') return std::nullopt;
  event.text.assign(stop + 1, end);
  return event;
}

// Where the first line from `since_ms` on may begin: a file's lines stand in the order of time, so that what
// a reader has no use for is not read. Lines without a time are passed over.
std::uint64_t begin_of(std::ifstream& file, std::uint64_t size, std::int64_t since_ms) {
  constexpr std::uint64_t enough = 16 << 10;
  std::uint64_t low = 0, high = size;  // lines before `low` are too old, and none from `high` on is
  while (high - low > enough) {
    const auto middle = low + (high - low) / 2;
    file.clear();
    file.seekg(static_cast<std::streamoff>(middle) - 1);
    std::string line;
    std::getline(file, line);
    auto begin = middle + line.size();
    std::optional<LogEvent> found;
    for (auto next = begin; !found && next < high && std::getline(file, line) && !file.eof();) {
      begin = next;
      next += line.size() + 1;
      found = parse(line, "");
    }
    if (found && found->time_ms < since_ms) {
      low = begin;
    } else {
      high = middle;
    }
  }
  file.clear();
  return low;
}

}  // namespace

LogReader::LogReader(const fs::path& home, const std::string& function) : folder_(home / "logs" / function) {}

bool LogReader::has_any() const {
  std::error_code error;
  return fs::directory_iterator(folder_, error) != fs::directory_iterator();
}

std::vector<LogEvent> LogReader::read(std::int64_t since_ms) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) files.push_back(entry.path());
  std::sort(files.begin(), files.end(), std::greater<>());  // STREAM.log.1 before STREAM.log, which is newer
  std::vector<LogEvent> events;
  for (const auto& path : files) read_file(path, since_ms, events);
  std::stable_sort(events.begin(), events.end(),
                   [](const LogEvent& a, const LogEvent& b) { return a.time_ms < b.time_ms; });
  return events;
}

void LogReader::read_file(const fs::path& path, std::int64_t since_ms, std::vector<LogEvent>& events) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  auto& read_until = read_until_[{status.st_dev, status.st_ino}];
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < read_until) read_until = 0;  // another file has got the number
  if (size == read_until) return;
  std::ifstream file(path, std::ios::binary);
  if (read_until == 0 && since_ms > 0) read_until = begin_of(file, size, since_ms);
  file.seekg(static_cast<std::streamoff>(read_until));
  const std::string stream = stream_of(path);
  for (std::string line; std::getline(file, line) && !file.eof();) {  // at the end a line may be half written
    read_until += line.size() + 1;
    auto event = parse(line, stream);
    if (event && event->time_ms >= since_ms) events.push_back(std::move(*event));
  }
}

std::vector<LogEvent> read_log(const fs::path& home, const std::string& function, std::int64_t since_ms) {
  return LogReader(home, function).read(since_ms);
}

}  // namespace lambdapool::local

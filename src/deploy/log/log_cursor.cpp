#include "deploy/log/log_cursor.hpp"

#include <algorithm>
#include <iterator>

namespace lambdapool::deploy {

std::int64_t LogCursor::start_ms() const {
  return std::max<std::int64_t>(since_ms_, newest_ms_ - overlap.count());
}

bool LogCursor::is_new(const std::string& id, std::int64_t time_ms, std::int64_t now_ms) {
  newest_ms_ = std::max(newest_ms_, std::min(time_ms, now_ms));
  return seen_.emplace(id, time_ms).second;
}

std::vector<LogLine> LogCursor::new_lines(std::vector<LogEvent> page) {
  std::ranges::stable_sort(page, {}, &LogEvent::time);
  std::vector<LogLine> lines;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const LogEvent& event : page) {
    if (!is_new(event.id, event.time.time_since_epoch().count(), now.time_since_epoch().count())) continue;
    auto some = lines_of(event.time, event.stream, event.text);
    std::move(some.begin(), some.end(), std::back_inserter(lines));
  }
  return lines;
}

void LogCursor::page_done() {
  const auto from = start_ms();
  std::erase_if(seen_, [from](const auto& seen) { return seen.second < from; });
}

}  // namespace lambdapool::deploy

#include "aws/logs/log_cursor.hpp"

#include <algorithm>

namespace lambdapool::aws::logs {

std::int64_t LogCursor::start_ms() const {
  return std::max<std::int64_t>(since_ms_, newest_ms_ - overlap.count());
}

bool LogCursor::is_new(const LogEvent& event, std::int64_t now_ms) {
  newest_ms_ = std::max(newest_ms_, std::min(event.time_ms, now_ms));
  return seen_.emplace(event.id, event.time_ms).second;
}

void LogCursor::page_done() {
  const auto from = start_ms();
  std::erase_if(seen_, [from](const auto& seen) { return seen.second < from; });
}

}  // namespace lambdapool::aws::logs

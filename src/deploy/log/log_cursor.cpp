#include "deploy/log/log_cursor.hpp"

#include <algorithm>

namespace lambdapool::deploy {

std::int64_t LogCursor::start_ms() const {
  return std::max<std::int64_t>(since_ms_, newest_ms_ - overlap.count());
}

bool LogCursor::is_new(const std::string& id, std::int64_t time_ms, std::int64_t now_ms) {
  newest_ms_ = std::max(newest_ms_, std::min(time_ms, now_ms));
  return seen_.emplace(id, time_ms).second;
}

void LogCursor::page_done() {
  const auto from = start_ms();
  std::erase_if(seen_, [from](const auto& seen) { return seen.second < from; });
}

}  // namespace lambdapool::deploy

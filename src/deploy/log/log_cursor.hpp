// Follows a log that can only be asked "what is there from this time on", and in which events appear late
// and out of order: each question reaches back a little behind the newest event, and what was seen before is
// told by its id. Only ids that the next question could bring again are remembered.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "deploy/log/log_line.hpp"

namespace lambdapool::deploy {

// What a service has logged at once: one or more lines.
struct LogEvent {
  std::string id;  // of this event alone
  Instant time;
  std::string stream;
  std::string text;
};

class LogCursor {
 public:
  static constexpr std::chrono::milliseconds overlap{30'000};  // how late an event may turn up

  explicit LogCursor(std::int64_t since_ms) : since_ms_(since_ms) {}

  std::int64_t start_ms() const;  // what to ask from
  // The first time that it is seen. One dated in the future (CloudWatch takes up to two hours) does not hide
  // those of now.
  bool is_new(const std::string& id, std::int64_t time_ms, std::int64_t now_ms);
  // The lines of those of a page that are seen for the first time, in the order of time.
  std::vector<LogLine> new_lines(std::vector<LogEvent> page);
  void page_done();  // what no later question brings is forgotten: a log has no end

 private:
  std::int64_t since_ms_;
  std::int64_t newest_ms_ = 0;
  std::map<std::string, std::int64_t> seen_;  // id -> its time
};

}  // namespace lambdapool::deploy

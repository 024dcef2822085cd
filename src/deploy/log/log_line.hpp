// A line of a function's log, the same whether CloudWatch or the local store had it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lambdapool::deploy {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

struct LogLine {
  Instant time = {};
  std::string stream = {};  // one stream for each execution environment
  std::string text = {};
};

// An event's message as lines; \r ends one too, as runtimes that know no log frames write it.
std::vector<LogLine> lines_of(Instant time, const std::string& stream, std::string_view message);

// Tells which lines belong to one request: an environment runs one at a time, so in its stream they stand
// between the request's start and its report, whether they name it or not. Fed in the order of time.
class RequestLines {
 public:
  explicit RequestLines(std::string request_id) : id_(std::move(request_id)) {}
  bool has(const LogLine& line);

 private:
  std::string id_;
  std::map<std::string, bool> inside_;  // by stream
};

}  // namespace lambdapool::deploy

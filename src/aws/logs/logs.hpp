// The CloudWatch Logs call that reads a function's log, in AWS's JSON 1.1 protocol. No sockets, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "http/message.hpp"

namespace lambdapool::aws::logs {

// Where Lambda writes, unless the function's LoggingConfig names another group.
std::string default_group(const std::string& function);

struct FilterLogEvents {
  std::string group;
  std::int64_t start_ms = 0;  // since the epoch, inclusive
  std::optional<std::string> next_token = {};
};

struct LogEvent {
  std::string id;
  std::string stream;
  std::int64_t time_ms = 0;
  std::string message;  // one or more lines, with or without a last line end
};

// A page may be empty and still have a token: the service had nothing to show yet of what it went through.
struct LogPage {
  std::vector<LogEvent> events;
  std::optional<std::string> next_token;
};

http::Request filter_log_events_request(const FilterLogEvents& call);
// Error kind not_found: there is no such group, which Lambda makes when a function runs for the first time.
Result<LogPage> parse_filter_log_events(const http::Response& response);

}  // namespace lambdapool::aws::logs

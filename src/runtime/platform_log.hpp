// What a task process writes, on its way to the platform's log, and the lines that begin and end a task
// there. Where several tasks run at a time, their lines are told apart by a label: each is then JSON, as
// Cloud Logging reads it (docs/protocol.md, HTTP workers).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lambdapool::runtime {

class PlatformLog {
 public:
  using Output = std::function<void(std::string_view)>;

  // `slot`: which of the processes it is, where there are several.
  PlatformLog(std::optional<int> slot, Output output) : slot_(slot), output_(std::move(output)) {}

  void write(std::string_view text);
  void own_line(std::string_view line);  // a line of its own, whatever was written before

 private:
  void write_labelled(std::string_view line);

  const std::optional<int> slot_;
  const Output output_;
  std::string part_ = {};  // of a line that has not ended, where lines are labelled
  bool ended_ = true;
};

struct Report {
  std::string request_id;
  std::chrono::duration<double, std::milli> duration{};
  std::optional<std::chrono::duration<double, std::milli>> start = {};  // of the instance's first task
  std::uint64_t memory_bytes = 0;
  std::uint64_t peak_bytes = 0;
  std::string error = {};  // its type; "" where the task was answered
};

// The line as Lambda has it.
std::string report_line(const Report& report);

// What the caller gets of a task's log: the end of it, as Lambda's.
std::string log_tail(std::string_view start, std::string_view written, std::string_view report);

std::chrono::milliseconds age_of_process();  // of this one; 0 where the system does not say

// The trace's id that a platform has given a request, by its headers X-Cloud-Trace-Context ("<32
// digits>/...") or traceparent ("00-<32 digits>-..."); else one of our own.
std::string request_id_of(std::string_view trace_context, std::string_view traceparent);

}  // namespace lambdapool::runtime

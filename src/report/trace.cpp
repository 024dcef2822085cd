// The trace event format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#include <algorithm>
#include <string>

#include "report/report.hpp"

namespace lambdapool::report {
namespace {

constexpr const char* process = R"({"ph":"M","pid":1,"name":"process_name","args":{"name":"lambdapool"}})";

void append_row_name(std::string& out, std::uint32_t row) {
  const std::string number = std::to_string(row + 1);
  out += ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":" + number +
         ",\"name\":\"thread_name\",\"args\":{\"name\":\"worker " + number + "\"}}";
}

void append(std::string& out, const std::string& row, const std::string& name, std::int64_t from_us,
            std::int64_t length_us, const std::string& arguments) {
  out += ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":" + row + ",\"name\":\"" + name +
         "\",\"ts\":" + std::to_string(from_us) +
         ",\"dur\":" + std::to_string(std::max<std::int64_t>(length_us, 0)) + ",\"args\":{" + arguments +
         "}}";
}

std::string name_of(const Timeline::Span& span) {
  if (span.count == 0) return "nothing run";
  if (span.count == 1) return "item " + std::to_string(span.first);
  return "items " + std::to_string(span.first) + "-" + std::to_string(span.first + span.count - 1);
}

}  // namespace

std::string Report::trace() const {
  const auto& spans = ledger_.timeline().spans();
  const auto rows = rows_of(spans);
  std::int64_t begin = spans.empty() ? 0 : spans.front().queued_us;
  for (const auto& span : spans) begin = std::min(begin, span.queued_us);
  std::string out =
      "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"every\":" + std::to_string(ledger_.timeline().every()) +
      "},\"traceEvents\":[\n" + process;
  const std::uint32_t used = rows.empty() ? 0 : *std::ranges::max_element(rows) + 1;
  for (std::uint32_t row = 0; row < used; ++row) append_row_name(out, row);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const Timeline::Span& span = spans[i];
    const std::string row = std::to_string(rows[i] + 1);
    const std::int64_t sent = span.sent_us - begin, arrived = span.arrived_us - begin;
    append(out, row, name_of(span), sent, arrived - sent,
           "\"job\":" + std::to_string(span.job) +
               ",\"queued_ms\":" + std::to_string(static_cast<double>(span.sent_us - span.queued_us) / 1000) +
               ",\"failed\":" + (span.failed ? "true" : "false"));
    // Where in between it ran is not told: it ends with the answer, and a cold start goes just before it.
    const auto run = static_cast<std::int64_t>(span.run_ms * 1000);
    const std::int64_t begun = std::max(arrived - run, sent);
    if (span.init_ms > 0) {
      const std::int64_t init = std::min(static_cast<std::int64_t>(span.init_ms * 1000), begun - sent);
      append(out, row, "cold start", begun - init, init, "");
    }
    if (run > 0) append(out, row, "run", begun, arrived - begun, "");
  }
  return out + "\n]}\n";
}

}  // namespace lambdapool::report

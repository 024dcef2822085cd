#include "pool/live_output.hpp"

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "core/limits.hpp"
#include "pool/early_parts.hpp"

namespace lambdapool::pool {
namespace {

// The first line, taken from the front of `text`; without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool is_platforms(std::string_view line) {
  for (const std::string_view begin : {"START RequestId: ", "END RequestId: ", "REPORT RequestId: ",
                                       "INIT_START Runtime Version: ", "XRAY TraceId: "}) {
    if (line.starts_with(begin)) return true;
  }
  return line.starts_with("EXTENSION\tName: ");
}

}  // namespace

std::string written_in(std::string_view log_tail) {
  // The first line of what is cut off may be the end of one.
  if (log_tail.size() >= static_cast<std::size_t>(limits::log_tail_bytes)) take_line(log_tail);
  std::string written;
  while (!log_tail.empty()) {
    const auto line = take_line(log_tail);
    if (!is_platforms(line)) written.append(line).append("\n");
  }
  return written;
}

void LiveOutput::add(std::string_view name, std::string_view lines) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return;
  while (!lines.empty()) {
    const auto line = take_line(lines);
    constexpr std::string_view separator = " | ";
    if (left_out_ > 0 || pending_.size() + name.size() + separator.size() + line.size() >= bytes_max) {
      ++left_out_;
    } else {
      pending_.append(name).append(separator).append(line).append("\n");
    }
  }
  changed_.notify_all();
}

void LiveOutput::add_rest(std::string_view name, const EarlyParts& parts,
                          const Result<cloud::Invoked>& answer) {
  if (parts.has_output()) return;
  const std::string log =
      answer ? base64_decode(answer->log_tail_base64).value_or("") : answer.error().log_tail;
  if (const std::string lines = written_in(log); !lines.empty()) add(name, lines);
}

std::string LiveOutput::take() {
  std::unique_lock lock(mutex_);
  waits_ = true;
  if (is_printed()) is_late_ = false;
  changed_.notify_all();
  changed_.wait(lock, [this] { return is_closed_ || !pending_.empty() || left_out_ > 0; });
  waits_ = false;
  std::string lines = std::exchange(pending_, {});
  if (const auto left_out = std::exchange(left_out_, 0); left_out > 0)
    lines += "lambdapool: " + std::to_string(left_out) +
             (left_out == 1 ? " line of output is" : " lines of output are") +
             " left out here: they came faster than they were printed\n";
  return lines;
}

void LiveOutput::wait_until_printed(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (is_late_ || is_closed_) return;
  is_late_ = !changed_.wait_for(lock, most, [this] { return is_closed_ || is_printed(); });
}

void LiveOutput::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace lambdapool::pool

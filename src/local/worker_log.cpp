#include "local/worker_log.hpp"

#include <errno.h>
#include <fcntl.h>

#include <cmath>
#include <cstdio>

namespace lambdapool::local {

std::string start_line(std::string_view request_id, std::string_view version) {
  return "START RequestId: " + std::string(request_id) + " Version: " + std::string(version) + "\n";
}

std::string end_line(std::string_view request_id) {
  return "END RequestId: " + std::string(request_id) + "\n";
}

std::string report_line(const Report& report) {
  char numbers[256];
  const double billed = std::ceil(report.duration_ms + report.init_ms.value_or(0));
  int length = std::snprintf(
      numbers, sizeof numbers,
      "\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
      report.duration_ms, billed, report.memory_mb, report.used_mb);
  std::string line = "REPORT RequestId: " + std::string(report.request_id);
  line.append(numbers, static_cast<std::size_t>(length));
  if (report.init_ms) {
    length = std::snprintf(numbers, sizeof numbers, "Init Duration: %.2f ms\t", *report.init_ms);
    line.append(numbers, static_cast<std::size_t>(length));
  }
  if (report.failure && report.failure->status == Failure::Status::timeout) line += "Status: timeout";
  if (report.failure && report.failure->status == Failure::Status::error) {
    line += "Status: error\tError Type: " + report.failure->type;
  }
  return line + "\n";
}

void BoundedText::append(std::string_view text) {
  text_.append(text);
  if (text_.size() <= 2 * capacity) return;  // cut rarely, so that long output costs no quadratic moves
  dropped_ += text_.size() - capacity;
  text_.erase(0, text_.size() - capacity);
}

std::string BoundedText::take() {
  if (text_.size() > capacity) {
    dropped_ += text_.size() - capacity;
    text_.erase(0, text_.size() - capacity);
  }
  std::string text = std::move(text_);
  if (dropped_ > 0)
    text = "[lambdapool: " + std::to_string(dropped_) + " earlier bytes of output left out]\n" + text;
  text_.clear();
  dropped_ = 0;
  return text;
}

LogPipe::LogPipe(http::EventLoop& loop) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return;
  read_.reset(fds[0]);
  write_.reset(fds[1]);
  ::fcntl(read_.get(), F_SETFL, O_NONBLOCK);
  watch_ = loop.watch_readable(read_.get(), [this] { drain(); });
}

LogPipe::~LogPipe() { watch_.reset(); }

void LogPipe::drain() {
  char buffer[65536];
  // Bounded, or a worker that never stops writing would hold the loop.
  for (int round = 0; round < 64; ++round) {
    const ssize_t size = ::read(read_.get(), buffer, sizeof buffer);
    if (size > 0) {
      text_.append({buffer, static_cast<std::size_t>(size)});
      if (static_cast<std::size_t>(size) < sizeof buffer) return;
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) watch_.reset();  // nobody is left who could write
    return;
  }
}

std::string LogPipe::take() {
  drain();
  if (text_.empty()) return {};
  std::string text = text_.take();
  if (text.back() != '\n') text += '\n';
  return text;
}

}  // namespace lambdapool::local

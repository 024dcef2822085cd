// An invocation's log: what the worker wrote, between the lines that the platform adds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/event_loop.hpp"
#include "local/worker_descriptor.hpp"
#include "local/worker_failure.hpp"

namespace lambdapool::local {

std::string start_line(std::string_view request_id, std::string_view version);
std::string end_line(std::string_view request_id);

struct Report {
  std::string_view request_id;
  double duration_ms = 0;
  std::optional<double> init_ms = {};  // on a cold start; billed as well
  int memory_mb = 0;
  int used_mb = 0;
  const Failure* failure = nullptr;
};
std::string report_line(const Report& report);

// The last 256 KiB of text; what was before is counted and named.
class BoundedText {
 public:
  static constexpr std::size_t capacity = 256 * 1024;
  void append(std::string_view text);
  std::string take();
  bool empty() const { return text_.empty() && dropped_ == 0; }

 private:
  std::string text_;
  std::size_t dropped_ = 0;
};

// The pipe behind a worker's stdout and stderr. Emptied as it fills, so that the worker never waits.
class LogPipe {
 public:
  explicit LogPipe(http::EventLoop& loop);
  ~LogPipe();

  Descriptor take_write_end() { return std::move(write_); }
  bool open() const { return static_cast<bool>(read_); }

  // Everything written until now and not taken before. A last line without its end gets one.
  std::string take();

 private:
  void drain();

  Descriptor read_;
  Descriptor write_;
  BoundedText text_;
  std::unique_ptr<http::EventLoop::Watch> watch_;
};

}  // namespace lambdapool::local

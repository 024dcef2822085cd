// What a worker tells of an invocation while it runs: outcomes ahead of the answer, and what it writes.
#include "local/worker/worker.hpp"

namespace lambdapool::local {
namespace {

constexpr std::chrono::milliseconds parts_interval{20};

}  // namespace

void Worker::on_output(std::string_view lines) {
  write_log(lines, now_ms());
  if (!take_output_) return;
  if (const std::string frame = output_frames_.of(lines); !frame.empty()) take_output_(frame);
}

// Set once for all the invocations that come before it fires.
void Worker::look_for_parts() {
  const auto self = shared_from_this();
  parts_timer_.reset();
  if (!take_parts_) return;
  if (const std::string piece = process_->parts()->look(); !piece.empty()) take_parts_(piece);
  if (take_parts_) look_for_parts_later();
}

void Worker::look_for_parts_later() {
  if (!parts_timer_) parts_timer_ = parts_.loop.call_after(parts_interval, [this] { look_for_parts(); });
}

}  // namespace lambdapool::local

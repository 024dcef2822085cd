#include "local/worker/log.hpp"

#include <errno.h>
#include <fcntl.h>

#include <utility>

namespace lambdapool::local {
namespace {

// What is written without line ends is cut into lines, or it would have to be kept for ever.
constexpr std::size_t line_bytes_max = 256 * 1024;

}  // namespace

void BoundedText::append(std::string_view text) {
  text_.append(text);
  if (text_.size() > 2 * capacity_) cut();  // rarely, so that long output costs no quadratic moves
}

void BoundedText::cut() {
  if (text_.size() <= capacity_) return;
  dropped_ += text_.size() - capacity_;
  text_.erase(0, text_.size() - capacity_);
}

std::string BoundedText::take() {
  cut();
  std::string text = std::exchange(text_, {});
  if (const auto dropped = std::exchange(dropped_, 0); dropped > 0)
    text = "[lambdapool: " + std::to_string(dropped) + " earlier bytes of output left out]\n" + text;
  return text;
}

LogPipe::LogPipe(http::EventLoop& loop, Sink sink) : sink_(std::move(sink)) {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return;
  read_.reset(fds[0]);
  write_.reset(fds[1]);
  ::fcntl(read_.get(), F_SETFL, O_NONBLOCK);
  watch_ = loop.watch_readable(read_.get(), [this] { drain(); });
}

Descriptor LogPipe::copy_write_end() const { return Descriptor(::fcntl(write_.get(), F_DUPFD_CLOEXEC, 0)); }

LogPipe::~LogPipe() { watch_.reset(); }

void LogPipe::drain() {
  char buffer[65536];
  // Bounded, or a worker that never stops writing would hold the loop.
  for (int round = 0; round < 16; ++round) {
    const ssize_t size = ::read(read_.get(), buffer, sizeof buffer);
    if (size > 0) {
      const std::string_view text{buffer, static_cast<std::size_t>(size)};
      held_ ? held_->append(text) : pass(text);
      if (static_cast<std::size_t>(size) < sizeof buffer) return;
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    if (size == 0) watch_.reset();  // nobody is left who could write
    return;
  }
}

void LogPipe::pass(std::string_view text) {
  tail_.append(text);
  if (const auto end = text.rfind('\n'); end != std::string_view::npos) {
    const auto lines = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (unfinished_.empty()) {
      sink_(lines);
    } else {
      unfinished_.append(lines);
      finish_line();
    }
  }
  unfinished_.append(text);
  if (unfinished_.size() >= line_bytes_max) finish_line();
}

void LogPipe::finish_line() {
  if (!unfinished_.empty()) sink_(unfinished_);
  unfinished_.clear();
}

std::string LogPipe::take() {
  drain();
  pass_on();
  finish_line();
  if (tail_.empty()) return {};
  std::string text = tail_.take();
  if (text.back() != '\n') text += '\n';
  return text;
}

void LogPipe::pass_on() {
  if (!held_) return;
  const auto text = held_->take();
  held_.reset();
  if (!text.empty()) pass(text);
}

}  // namespace lambdapool::local

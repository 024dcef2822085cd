#include "local/worker/log.hpp"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "core/packets.hpp"

namespace lambdapool::local {
namespace {

// What is written without line ends is cut into lines, or it would have to be kept for ever.
constexpr std::size_t line_bytes_max = 256 * 1024;
// Or a worker that never stops writing would hold the loop.
constexpr std::size_t bytes_at_once = 1024 * 1024;

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
  watch_ = loop.watch_readable(read_.get(), [this] { on_readable(); });
}

Descriptor LogPipe::copy_write_end() const { return Descriptor(::fcntl(write_.get(), F_DUPFD_CLOEXEC, 0)); }

LogPipe::~LogPipe() { watch_.reset(); }

void LogPipe::on_readable() {
  int there = 0;
  ::ioctl(read_.get(), FIONREAD, &there);
  if (there == 0) {  // it has been taken already, or nobody is left who could write
    pollfd state{read_.get(), POLLIN, 0};
    if (::poll(&state, 1, 0) > 0 && state.revents == POLLHUP) watch_.reset();
    return;
  }
  const auto hear = hear_;
  if (hear && hear()) return;  // which may have been this pipe's end; else it is still readable
  drain(static_cast<std::size_t>(there));
}

void LogPipe::drain(std::size_t most) {
  if (before_reading_) before_reading_();
  char buffer[65536];
  while (most > 0) {
    const ssize_t size = ::read(read_.get(), buffer, std::min(most, sizeof buffer));
    if (size > 0) {
      receive({buffer, static_cast<std::size_t>(size)});
      most -= static_cast<std::size_t>(size);
      if (static_cast<std::size_t>(size) < sizeof buffer || marked_) return;
      continue;
    }
    if (size < 0 && errno == EINTR) continue;
    return;
  }
}

void LogPipe::receive(std::string_view text) {
  if (held_) return held_->append(text);
  if (mark_.empty()) return pass(text);
  const std::string together = std::exchange(part_, {}).append(text);
  std::size_t end = together.find(mark_);
  if (end != std::string::npos) {
    pass(std::string_view(together).substr(0, end));
    end += mark_.size();
    mark_.clear();
    marked_ = true;
    return held_.emplace(held_bytes).append(std::string_view(together).substr(end));
  }
  // Its beginning may be the last thing that was read.
  end = together.find(packet::mark_begin, together.size() - std::min(together.size(), mark_.size() - 1));
  while (end != std::string::npos && !mark_.starts_with(std::string_view(together).substr(end)))
    end = together.find(packet::mark_begin, end + 1);
  part_ = end == std::string::npos ? "" : together.substr(end);
  pass(std::string_view(together).substr(0, end));
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

void LogPipe::catch_up() {
  if (!held_) drain(bytes_at_once);
}

std::string LogPipe::take(bool all_read) {
  // Not once the mark has been read: what has come since may be of one that left none before it.
  if (!all_read && !marked_) drain(bytes_at_once);
  mark_.clear();
  pass(std::exchange(part_, {}));
  if (!marked_) pass_on();
  marked_ = false;
  finish_line();
  if (tail_.empty()) return {};
  std::string text = tail_.take();
  if (text.back() != '\n') text += '\n';
  return text;
}

void LogPipe::hold() {
  if (!held_) held_.emplace(held_bytes);
}

void LogPipe::begin(std::string_view request_id) {
  mark_.assign(1, packet::mark_begin).append(request_id).push_back(packet::mark_end);
  marked_ = false;
  pass_on();
}

void LogPipe::pass_on() {
  if (!held_) return;
  const auto text = held_->take();
  held_.reset();
  if (!text.empty()) receive(text);
}

}  // namespace lambdapool::local

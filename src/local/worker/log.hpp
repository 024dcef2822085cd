// An invocation's log: what the worker wrote, between the lines that the platform adds.
//
// It goes two ways. Whole lines go on to the function's log as they are read, so that a running task can be
// watched and a killed service has not taken them along; and the end of what was written is kept for the
// caller, who gets no more than that.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/descriptor.hpp"
#include "core/limits.hpp"
#include "http/event_loop.hpp"

namespace lambdapool::local {

// The end of a text; what was before is counted and named.
class BoundedText {
 public:
  explicit BoundedText(std::size_t capacity) : capacity_(capacity) {}
  void append(std::string_view text);
  std::string take();
  bool empty() const { return text_.empty(); }

 private:
  void cut();

  std::size_t capacity_;
  std::string text_;
  std::size_t dropped_ = 0;
};

// The pipe behind a worker's stdout and stderr. Emptied as it fills, so that the worker never waits.
class LogPipe {
 public:
  using Sink = std::function<void(std::string_view lines)>;  // whole ones; the last may lack its end

  LogPipe(http::EventLoop& loop, Sink sink);
  ~LogPipe();

  Descriptor take_write_end() { return std::move(write_); }
  Descriptor copy_write_end() const;
  bool open() const { return static_cast<bool>(read_); }

  // The end of what the invocation that began last has written, and of what was written before it, for a
  // caller; all of it has then gone to the sink. A last line without its end gets one. What is behind the
  // invocation's mark (core/packets.hpp) is held. `all_read`: there is nothing of it that has not been read.
  std::string take(bool all_read = false);

  // What the invocation has written so far has been read, and its whole lines have gone to the sink.
  void catch_up();

  // What is written from now on belongs to what comes next: its end is kept until that begins.
  void hold();
  void begin(std::string_view request_id);

  // While an invocation may have ended and the next begun unheard, what is read could be either's. `hear`:
  // hears of what has ended until now; true: something had, and nothing is read yet. Of what was there before
  // that and is read after it, it is known whose it is: what has ended has left a mark, or had been read.
  void hear_first(std::function<bool()> hear) { hear_ = std::move(hear); }
  // Runs each time before something is read: a worker may look at what is unread.
  void before_reading(std::function<void()> hook) { before_reading_ = std::move(hook); }

 private:
  static constexpr std::size_t held_bytes = 256 * 1024;

  void on_readable();
  void drain(std::size_t most);
  void receive(std::string_view text);
  void pass(std::string_view text);
  void pass_on();
  void finish_line();

  Descriptor read_;
  Descriptor write_;
  Sink sink_;
  BoundedText tail_{static_cast<std::size_t>(limits::log_tail_bytes)};
  std::optional<BoundedText> held_;  // while holding
  std::string mark_;                 // of the invocation that began last, until it has come
  bool marked_ = false;              // it has: what is held is the next one's
  std::string part_;                 // what may be the beginning of the mark
  std::function<bool()> hear_;
  std::function<void()> before_reading_;
  std::string unfinished_;  // a line whose end has not come yet
  std::unique_ptr<http::EventLoop::Watch> watch_;
};

}  // namespace lambdapool::local

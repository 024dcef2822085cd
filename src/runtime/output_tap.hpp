// What tasks write to stdout and stderr, on its way to the platform's log told to their callers as well: for
// a worker that has nobody beside it who reads its output.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "runtime/whole_lines.hpp"

namespace lambdapool::runtime {

class OutputTap {
 public:
  // Whole lines, on any thread; it must not take long.
  using Tell = std::function<void(std::string_view lines)>;

  // From now on, and for good, all output of the process goes by way of a pipe, which a thread empties. Null:
  // that cannot be had.
  static std::unique_ptr<OutputTap> open();
  OutputTap(const OutputTap&) = delete;
  OutputTap& operator=(const OutputTap&) = delete;

  void begin(Tell tell);  // of a task
  void end();             // all that it has written has been told

 private:
  OutputTap(int from, int to) : from_(from), to_(to) {}
  void pass();
  [[noreturn]] void pass_all();

  const int from_;  // the pipe's end
  const int to_;    // the platform's log
  std::mutex mutex_;
  Tell tell_;
  WholeLines lines_{std::size_t{64} << 10};
};

// For a signal's handler: what is in the pipe goes to the platform's log. Where there is no tap, nothing.
void empty_output_tap() noexcept;

}  // namespace lambdapool::runtime

// Where a C++ worker was when it crashed, or when its time was almost over: what runtime/crash_report wrote
// to the end of its log, with the lines of the source, which this very build of the program knows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lambdapool/errors.hpp"

namespace lambdapool::api {

struct WrittenFrame {
  std::string symbol;  // as the linker has it; "" where the worker knew none
  std::string module;  // "" is the executable
  std::uint64_t offset = 0;
};
struct WrittenStack {
  std::string signal;  // "SIGSEGV"; "" where time was almost over
  std::vector<WrittenFrame> frames;
};
// The last one that stands in a log, of which there may be only the end. No frames: there is none.
WrittenStack read_stack(std::string_view log);

// What `addr2line -aCfpi` prints, of each address; functions that were inlined there come first.
std::vector<std::vector<StackFrame>> read_lines(std::string_view printed);

// nullptr: the log tells of none. Nothing is looked up until somebody asks.
std::shared_ptr<const Crash> crash_of(const std::string& log, const std::string& message);

}  // namespace lambdapool::api

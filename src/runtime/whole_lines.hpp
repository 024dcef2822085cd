// What a process writes, in whole lines as they are finished.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace lambdapool::runtime {

class WholeLines {
 public:
  explicit WholeLines(std::size_t line_max) : line_max_(line_max) {}  // a longer one comes in pieces

  // The lines that are whole with this text; "" where there are none.
  std::string of(std::string_view text) {
    unfinished_ += text;
    auto whole = unfinished_.rfind('\n') + 1;  // 0: no line has ended
    if (whole == 0 && unfinished_.size() >= line_max_) whole = unfinished_.size();
    std::string lines = unfinished_.substr(0, whole);
    unfinished_.erase(0, whole);
    return lines;
  }
  // A last line, which has no end.
  std::string rest() { return std::exchange(unfinished_, {}); }

 private:
  const std::size_t line_max_;
  std::string unfinished_;
};

}  // namespace lambdapool::runtime

// How many items go into the next invocation.
//
// An invocation costs from tens of microseconds (local) to some milliseconds (AWS) however little it does,
// so quick items travel together: as many as make it work for about `target`. Sizes grow gently, because
// one measurement may deceive, and shrink towards the end, so that no worker has a long last chunk while
// the others are done.
#pragma once

#include <chrono>
#include <cstddef>

namespace lambdapool::api {

class Chunking {
 public:
  // `fixed` 0: adaptive.
  Chunking(std::size_t fixed, std::size_t workers) : fixed_(fixed), workers_(workers) {}

  // A worker ran `items` items in `busy`.
  void observe(std::size_t items, std::chrono::microseconds busy);

  // At least 1, at most `remaining`, which is at least 1.
  std::size_t next(std::size_t remaining) const;

  static constexpr std::chrono::microseconds target{30'000};
  static constexpr std::size_t growth = 4;
  static constexpr std::size_t max_bytes = std::size_t{1} << 20;  // of arguments in one invocation

 private:
  std::size_t fixed_;
  std::size_t workers_;
  double microseconds_each_ = 0;  // a moving average; 0: nothing known yet
  std::size_t largest_ = 0;       // the largest chunk that has come back
};

}  // namespace lambdapool::api

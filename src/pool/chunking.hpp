// How many items of a map go into the next invocation.
//
// An invocation costs from tens of microseconds (local) to some milliseconds (AWS), an item may cost
// microseconds or minutes, and nobody can know before the first came back. So the first wave sends single
// items; the workers say how long theirs took; and the next chunks are made so large that a chunk keeps a
// worker busy for some tens of milliseconds, which makes the invocation's cost small against it. Never
// larger, because the items of one chunk fail together where the platform fails; and near the end smaller, so
// that every worker has something to do, as long as that is worth an invocation.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

namespace lambdapool::pool {

class Chunking {
 public:
  using Seconds = std::chrono::duration<double>;

  // `fixed`: what the caller asked for; 0 finds a size. `rows`: where it is 1, quick and small items may
  // share an invocation all the same, since those that have not begun can be had back (http/in_process.hpp).
  Chunking(std::size_t fixed, std::size_t workers, bool rows = false)
      : fixed_(fixed), workers_(workers), rows_(rows && fixed == 1) {}

  bool finds_size() const { return fixed_ == 0; }

  // A worker ran `items` items in `busy`, and their outcomes took `bytes`. Slower and larger ones count at
  // once, faster and smaller ones little by little.
  void observe(std::size_t items, Seconds busy, std::size_t bytes);

  // Of a row it turned out that no more than so many go into one.
  void limit_rows(std::size_t items) { row_max_ = std::min(row_max_, std::max<std::size_t>(items, 1)); }

  // At least 1, at most `remaining`, which is at least 1.
  std::size_t next(std::size_t remaining) const;

  static constexpr Seconds target{0.03};
  static constexpr std::size_t target_bytes = std::size_t{512} << 10;  // of an answer
  static constexpr std::size_t growth = 8;  // at most by so much beyond the largest chunk that came back
  static constexpr Seconds worth{0.001};    // less work is not worth an invocation
  static constexpr std::size_t growth_below = 64;  // as growth, while a chunk is not worth one

  static constexpr std::size_t row_max = 16;  // of these a worker tells each outcome before the next item
  static constexpr Seconds quick{50e-6};      // an item, for a row
  static constexpr std::size_t small = 512;   // bytes of its outcome
  static constexpr std::size_t quick_before = 100;  // items, in a row

 private:
  bool has_rows() const;

  std::size_t fixed_;
  std::size_t workers_;
  bool rows_;
  std::size_t quick_ = 0;  // items in a row
  std::size_t row_max_ = row_max;
  std::optional<double> seconds_each_ = {};
  std::optional<double> bytes_each_ = {};
  std::size_t largest_ = 1;
};

// More bytes of arguments do not travel in one invocation, unless a single item has them; nor do a worker's
// outcomes, by the protocol.
inline constexpr std::size_t chunk_bytes_max = std::size_t{1} << 20;

}  // namespace lambdapool::pool

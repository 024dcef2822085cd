// How many items of a map go into the next invocation.
//
// An invocation costs from tens of microseconds (local) to some milliseconds (AWS), an item may cost
// microseconds or minutes, and nobody can know before the first came back. So the first wave sends single
// items; the workers say how long theirs took; and the next chunks are made so large that a chunk keeps a
// worker busy for some tens of milliseconds, which makes the invocation's cost small against it. Never
// larger, because the items of one chunk fail together where the platform fails; and near the end smaller, so
// that every worker has something to do, as long as that is worth an invocation.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace lambdapool::pool {

class Chunking {
 public:
  using Seconds = std::chrono::duration<double>;

  // `fixed`: what the caller asked for; 0 finds a size.
  Chunking(std::size_t fixed, std::size_t workers) : fixed_(fixed), workers_(workers) {}

  bool finds_size() const { return fixed_ == 0; }

  // A worker ran `items` items in `busy`, and their outcomes took `bytes`. Slower and larger ones count at
  // once, faster and smaller ones little by little.
  void observe(std::size_t items, Seconds busy, std::size_t bytes);

  // At least 1, at most `remaining`, which is at least 1.
  std::size_t next(std::size_t remaining) const;

  static constexpr Seconds target{0.03};
  static constexpr std::size_t target_bytes = std::size_t{512} << 10;  // of an answer
  static constexpr std::size_t growth = 8;  // at most by so much beyond the largest chunk that came back
  static constexpr Seconds worth{0.001};    // less work is not worth an invocation
  static constexpr std::size_t growth_below = 64;  // as growth, while a chunk is not worth one

 private:
  std::size_t fixed_;
  std::size_t workers_;
  std::optional<double> seconds_each_ = {};
  std::optional<double> bytes_each_ = {};
  std::size_t largest_ = 1;
};

// More bytes of arguments do not travel in one invocation, unless a single item has them; nor do a worker's
// outcomes, by the protocol.
inline constexpr std::size_t chunk_bytes_max = std::size_t{1} << 20;

}  // namespace lambdapool::pool

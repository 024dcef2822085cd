// When calls were under way, for pictures: of so many calls all, of more an even choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lambdapool::report {

class Timeline {
 public:
  static constexpr std::size_t spans_max = 100'000;

  struct Span {
    std::int64_t queued_us = 0;  // since some instant that all have in common
    std::int64_t sent_us = 0;
    std::int64_t arrived_us = 0;
    float run_ms = 0;    // as the platform reported it; 0 where it did not
    float init_ms = -1;  // below 0: no cold start
    std::uint32_t count = 1;
    bool failed = false;
    std::uint64_t first = 0;
    std::uint64_t job = 0;
  };

  explicit Timeline(std::size_t most = spans_max) : most_(most) {}

  // Once there are too many, every second one is dropped, and from then on only every second, fourth, ...
  // kept.
  void add(const Span& span);

  const std::vector<Span>& spans() const { return spans_; }
  std::size_t every() const { return every_; }  // 1: all calls are there

 private:
  std::size_t most_;
  std::size_t every_ = 1;
  std::size_t seen_ = 0;
  std::vector<Span> spans_;
};

// Rows in which no two spans overlap, as few as possible: as many as calls were in flight at once. One for
// each span, in their order.
std::vector<std::uint32_t> rows_of(const std::vector<Timeline::Span>& spans);

}  // namespace lambdapool::report

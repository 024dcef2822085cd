// How much memory a function should have: what a sample of its work took and cost with several sizes, and
// which of them is best for what (docs/reports.md).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace lambdapool {

// Megabytes, where none are given. 1,769 is where Lambda gives a whole processor.
inline constexpr std::array sizes_to_tune{128, 256, 512, 1024, 1769, 3008};

// The sample with one size of memory.
struct Tuned {
  int memory_mb = 0;
  std::size_t items = 0;
  double item_ms = 0;    // in the middle of all
  double item_cost = 0;  // dollars
  int max_memory_used_mb = 0;
  std::string failure = {};  // "out of memory", "timed out": so this size is too small, and was not judged
};

class Tuning {
 public:
  // `is_local`: of the target local, where memory makes nothing faster. The table says so.
  explicit Tuning(std::vector<Tuned> rows, bool is_local = false)
      : rows_(std::move(rows)), is_local_(is_local) {}

  const std::vector<Tuned>& rows() const { return rows_; }  // from the least memory on

  // nullptr where no size has sufficed.
  const Tuned* cheapest() const;
  const Tuned* fastest() const;
  const Tuned* balanced() const;  // the least product of time and cost

  std::string text() const;  // a table
  std::string json() const;

 private:
  std::vector<Tuned> rows_;
  bool is_local_;
};

}  // namespace lambdapool

// A sample of a function's work with several sizes of memory: what it took and cost, and which size is best.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lambdapool::report {

struct Tuned {
  int memory_mb = 0;
  std::int64_t items = 0;
  double item_ms = 0;    // in the middle of all
  double item_cost = 0;  // dollars
  int max_memory_used_mb = 0;
  std::string failure = {};  // "out of memory", "timed out": so this size is too small, and was not judged
};

class Tuning {
 public:
  explicit Tuning(std::vector<Tuned> rows) : rows_(std::move(rows)) {}

  // nullptr where no size has sufficed.
  const Tuned* cheapest() const;
  const Tuned* fastest() const;
  const Tuned* balanced() const;  // the least product of time and cost

  std::string text() const;
  std::string json() const;

 private:
  std::vector<Tuned> rows_;
};

}  // namespace lambdapool::report

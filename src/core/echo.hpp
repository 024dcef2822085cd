// What a task carries and its outcome repeats, so that no answer is ever taken for another call's: on a
// kept-alive connection the next answer is whatever comes next.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/random.hpp"

namespace lambdapool {

// Of one pool's calls, each another. From any thread.
class Echoes {
 public:
  std::string next() { return prefix_ + std::to_string(++last_); }

 private:
  const std::string prefix_ = random_hex(8) + "-";
  std::atomic<std::uint64_t> last_{0};
};

}  // namespace lambdapool

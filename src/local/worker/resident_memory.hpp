// How much memory processes have in use, as the kernel tells it in /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "core/descriptor.hpp"

namespace lambdapool::local {

// Bytes resident in `pid` and all of its descendants, shared pages counted in each.
std::uint64_t resident_bytes_of_tree(pid_t pid);

// The peak resident bytes of one process, as the kernel keeps it (VmHWM). Keeps /proc/<pid>/status open.
class PeakMemory {
 public:
  explicit PeakMemory(pid_t pid);
  std::uint64_t bytes() const;  // 0 once the process is gone

 private:
  Descriptor status_;
};

}  // namespace lambdapool::local

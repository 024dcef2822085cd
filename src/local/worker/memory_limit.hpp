// How a worker is held to its memory: by a cgroup where one can be written, else by watching what its
// processes have resident.
//
// Which it is, is found out by doing: cgroup v2 below the first ancestor of our own cgroup that lets us,
// then v1's memory controller. The supervisor process is the guinea pig that has to be movable. That takes
// as long as an interpreter's start, sometimes much longer, so nobody waits for it: until it is known,
// memory is watched.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lambdapool::local {

// One worker's cgroup, removed with it. It is made, filled and removed in the background; see
// cgroup_mover.hpp.
class Cgroup {
 public:
  virtual ~Cgroup() = default;
  // Moves `pid` and its descendants in.
  virtual void enclose(pid_t pid) = 0;
  virtual bool enclosed() const = 0;  // it is done; never, where the system has no room for another cgroup
  // Whether the kernel has killed a process of it for its memory.
  virtual bool out_of_memory() const = 0;
};

class MemoryLimits {
 public:
  enum class Kind { cgroup_v2, cgroup_v1, watched };
  // `probe`: a process of ours that may be moved to a cgroup and back. `allow_cgroups` false: watch.
  static std::unique_ptr<MemoryLimits> probe(pid_t probe, bool allow_cgroups);
  virtual ~MemoryLimits() = default;

  virtual Kind kind() const = 0;     // waits until it is known
  virtual bool watches() const = 0;  // as far as is known now
  // nullptr where memory is watched for good.
  virtual std::unique_ptr<Cgroup> make(int memory_mb) = 0;
};

}  // namespace lambdapool::local

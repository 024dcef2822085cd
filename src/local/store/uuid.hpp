#pragma once

#include <string>

namespace lambdapool::local {

// A version 4 UUID from the kernel's random source. Identifies; never decides anything.
std::string random_uuid();

// The same for many of them: the kernel is asked once for sixteen. On one thread, and not after a fork.
class Uuids {
 public:
  std::string next();

 private:
  std::string noise_;  // not used yet
};

}  // namespace lambdapool::local

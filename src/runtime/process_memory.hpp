// How much memory processes use, as /proc tells.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace lambdapool::runtime {

// Of the process and all below it.
std::uint64_t resident_bytes(pid_t pid);

// How often the kernel has killed something of this container for its memory; 0 where it does not say.
std::uint64_t out_of_memory_kills();

}  // namespace lambdapool::runtime

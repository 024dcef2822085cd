// How many workers a function needs more: the one decision of the scheduler, apart from all I/O.
#pragma once

#include <cstddef>

namespace lambdapool::local {

// `waiting` invocations found no idle worker. `coming` workers will take one each without being asked: those
// that are starting, and those that have answered and are about to ask for more. Whoever is first serves
// the longest waiting.
constexpr std::size_t workers_to_start(std::size_t waiting, std::size_t coming) {
  return waiting > coming ? waiting - coming : 0;
}

// A worker failed to start. It fails an invocation only if no other worker is left to take that one.
constexpr bool failed_start_fails_invocation(std::size_t waiting, std::size_t coming) {
  return waiting > coming;
}

}  // namespace lambdapool::local

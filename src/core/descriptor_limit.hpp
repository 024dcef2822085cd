// How many files and sockets this process may have open at once, and how many of those are left. Calls,
// workers and connections take a few each, and whoever takes the last one leaves the others stuck: so each
// kind stops at its own share, and what has no room waits.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.hpp"

namespace lambdapool {

// Raises the soft limit (ulimit -n) to the hard one, or to 65,536 where that is more: programs that close
// every possible descriptor would take for ever beyond. Never lowers it.
void raise_descriptor_limit();

std::size_t descriptor_limit();

// About: the number that the next one will get. The system gives the lowest that is free.
std::size_t descriptors_used();

// Error kind io, saying what to do, where fewer than `needed` are left for `what` ("the local Lambda").
Result<void> require_descriptors(std::size_t needed, const std::string& what);

}  // namespace lambdapool

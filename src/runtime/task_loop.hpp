// The process in which an HTTP worker's tasks run: see task_process.hpp for what is said on its channel.
#pragma once

#include <cstddef>

#include "core/environment.hpp"
#include "runtime/blobs.hpp"

namespace lambdapool::runtime {

inline constexpr std::size_t task_bytes_max = std::size_t{32} << 20;  // Cloud Run's, of requests and answers

// Ends with the process.
[[noreturn]] void serve_tasks(int channel, const Environment& environment, Remote remote);

}  // namespace lambdapool::runtime

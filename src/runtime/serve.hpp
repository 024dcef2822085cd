// The worker: takes invocations until the service is gone.
#pragma once

#include "core/environment.hpp"
#include "runtime/blobs.hpp"

namespace lambdapool::runtime {

// Whether this process was started to be a worker: both AWS_LAMBDA_RUNTIME_API and our own _HANDLER.
bool is_worker(const Environment& environment);

// Unsets what made this a worker first, so that no child process becomes one. Ends with the process.
// `remote`: the way to data that did not fit a call.
[[noreturn]] void serve(const Environment& environment, Remote remote);

// What the packager looks for in an executable. Kept by a reference from init alone.
const char* runtime_marker();

}  // namespace lambdapool::runtime

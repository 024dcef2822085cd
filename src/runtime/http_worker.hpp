// The worker's other way of running, for platforms that run a container with a port: docs/protocol.md, HTTP
// workers. This process takes the tasks and minds others, copies of the same program, that run them: so
// whatever becomes of a task, its caller hears of it.
#pragma once

#include "core/environment.hpp"
#include "runtime/blobs.hpp"

namespace lambdapool::runtime {

// Whether this process was started to be one, or to run the tasks of one: LAMBDAPOOL_HTTP_WORKER, and a place
// that tasks come from (PORT, LAMBDAPOOL_LISTEN_FD, LAMBDAPOOL_TASK_FD).
bool is_http_worker(const Environment& environment);

// Ends with the process. `remote`: the way to data that did not fit a call.
[[noreturn]] void serve_http(const Environment& environment, Remote remote);

}  // namespace lambdapool::runtime

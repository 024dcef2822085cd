// What a worker that a signal ends (an access to no memory, abort, a division by zero) writes to its log: the
// signal and the functions that it was in. And the functions that a task is in when its time is almost over.
// api/crash.hpp reads it.
#pragma once

#include <chrono>

namespace lambdapool::runtime {

// For signals that nobody else handles, as sanitizers do. The report allocates nothing, takes no lock of
// ours, and runs on a stack of its own in the calling thread, for that may be full. Then the signal ends the
// process as it would have without.
void report_crashes();

// A quarter of a second before this instant the calling thread writes where it is, and goes on; unless the
// instant is near already, or somebody else handles the signal that is used (SIGRTMAX - 3).
void report_at_deadline(std::chrono::system_clock::time_point deadline);
void report_no_deadline();  // it was met

}  // namespace lambdapool::runtime

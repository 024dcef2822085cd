// What a worker that a signal ends (an access to no memory, abort, a division by zero) writes to its log: the
// signal and the functions that it was in.
#pragma once

namespace lambdapool::runtime {

// For signals that nobody else handles, as sanitizers do. The report allocates nothing, takes no lock of
// ours, and runs on a stack of its own in the calling thread, for that may be full. Then the signal ends the
// process as it would have without.
void report_crashes();

}  // namespace lambdapool::runtime

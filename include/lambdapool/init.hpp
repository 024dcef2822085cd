// init: the first thing in main.
#pragma once

#include "lambdapool/detail/abi.hpp"

namespace lambdapool {

inline namespace LAMBDAPOOL_COMPILED {  // a linker that does not find it has found options that differ:
                                        // docs/cpp.md

// In AWS Lambda (or a local worker) serves invocations and never returns. Anywhere else it returns at once,
// and pools may be made. A pool made without it throws, because that executable could not be a worker.
void init(int argc, char** argv);

}  // namespace LAMBDAPOOL_COMPILED
}  // namespace lambdapool

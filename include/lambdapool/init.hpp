// init: the first thing in main.
#pragma once

namespace lambdapool {

// In AWS Lambda (or a local worker) serves invocations and never returns. Anywhere else it returns at once,
// and pools may be made. A pool made without it throws, because that executable could not be a worker.
void init(int argc, char** argv);

}  // namespace lambdapool

// argv in, exit code out: 0 done, 1 failed, 2 not understood, 130 interrupted.
#pragma once

#include "core/environment.hpp"

namespace lambdapool::cli {

int run(int argc, const char* const* argv, const Environment& environment);

}  // namespace lambdapool::cli

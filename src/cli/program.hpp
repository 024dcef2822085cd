#pragma once

namespace lambdapool::cli {

// The whole of the program `lambdapool`, from its arguments to its exit status.
int run_program(int argc, char** argv);

}  // namespace lambdapool::cli

// In a wheel the extension is the program `lambdapool` as well: launcher/launcher.c calls these, with no
// Python.
#include "cli/program.hpp"

extern "C" {
__attribute__((visibility("default"))) extern const char lambdapool_program_version[];
const char lambdapool_program_version[] = LAMBDAPOOL_VERSION;

__attribute__((visibility("default"))) int lambdapool_program(int argc, char** argv) {
  return lambdapool::cli::run_program(argc, argv);
}
}

#include "cli/program.hpp"

int main(int argc, char** argv) { return lambdapool::cli::run_program(argc, argv); }

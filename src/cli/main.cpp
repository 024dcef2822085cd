#include <exception>
#include <iostream>

#include "cli/command_line.hpp"
#include "core/environment.hpp"

int main(int argc, char** argv) {
  try {
    return lambdapool::cli::run(argc, argv, lambdapool::Environment::of_this_process());
  } catch (const std::exception& bug) {
    std::cerr << "Error: " << bug.what() << "\n";
    return 1;
  }
}

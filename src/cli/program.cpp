#include "cli/program.hpp"

#include <unistd.h>

#include <exception>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/terminal/terminal_text.hpp"
#include "core/environment.hpp"

namespace lambdapool::cli {

int run_program(int argc, char** argv) {
  const TerminalText output(std::cout, STDOUT_FILENO);
  const TerminalText errors(std::cerr, STDERR_FILENO);
  try {
    const int code = run(argc, argv, Environment::of_this_process());
    if (std::cout.flush()) return code;
    std::cerr
        << "Error: the output could not be written; see whether the disk is full or the output closed.\n";
    return 1;
  } catch (const std::exception& bug) {
    std::cerr << "Error: " << bug.what() << "\n";
    return 1;
  }
}

}  // namespace lambdapool::cli

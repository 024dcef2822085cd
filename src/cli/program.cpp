#include "cli/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <exception>
#include <iostream>

#include "cli/command_line.hpp"
#include "cli/terminal/terminal_text.hpp"
#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::cli {
namespace {

// A file that would outgrow its limit (ulimit -f) is an error like others. It is taken, not ignored: who is
// started from here would inherit that.
void outlive_file_limit() {
  struct sigaction before {};
  if (::sigaction(SIGXFSZ, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) return;
  struct sigaction taken {};
  taken.sa_handler = [](int) {};
  ::sigaction(SIGXFSZ, &taken, nullptr);
}

}  // namespace

int run_program(int argc, char** argv) {
  outlive_file_limit();
  const TerminalText output(std::cout, STDOUT_FILENO);
  const TerminalText errors(std::cerr, STDERR_FILENO);
  try {
    const int code = run(argc, argv, Environment::of_this_process());
    if (std::cout.flush()) return code;
    std::cerr
        << "Error: the output could not be written; see whether the disk is full or the output closed.\n";
    return 1;
  } catch (const std::exception& bug) {
    std::cerr << "Error: " << reason_of(bug) << "\n";
    return 1;
  }
}

}  // namespace lambdapool::cli

#include "runtime/forked_child.hpp"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <iostream>

namespace lambdapool::runtime {

ServingProcess::ServingProcess() : pid_(::getpid()) {}

void ServingProcess::end_child_that_returned() const {
  if (::getpid() != pid_) end_process(0);
}

void ServingProcess::end_child_that_threw() const {
  if (::getpid() != pid_) std::terminate();
}

void print_by_lines() { std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); }

void flush_output() {
  std::cout.flush();
  std::fflush(stdout);
}

void end_process(int status) {
  std::fflush(nullptr);
  std::cout.flush();
  ::_exit(status);
}

}  // namespace lambdapool::runtime

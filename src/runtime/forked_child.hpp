// A child that a task forked, and that then left the task as if it were the worker, must not answer in the
// worker's place. It ends there, as it would have ended in a program of its own.
#pragma once

#include <sys/types.h>

namespace lambdapool::runtime {

class ServingProcess {
 public:
  ServingProcess();  // the process that calls this is the one that serves

  // In a child: ends it with status 0 where its task returned, and as an uncaught exception ends a program
  // where it threw (for use in a catch block). In the serving process: nothing.
  void end_child_that_returned() const;
  void end_child_that_threw() const;

 private:
  pid_t pid_;
};

// From now on what the function prints goes out by lines, though stdout is no terminal: others watch it.
void print_by_lines();

// What the function printed goes out: the next task may find this process frozen or killed.
void flush_output();

// Writes out what the process has printed, and ends it without exit handlers and destructors of static
// objects: threads may still use them, and in a forked child they are the worker's.
[[noreturn]] void end_process(int status);

}  // namespace lambdapool::runtime

#include "runtime/output_tap.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "core/write_all.hpp"

namespace lambdapool::runtime {
namespace {

std::string contents(int fd) {
  std::string text;
  std::array<char, 4'096> piece;
  for (ssize_t size = 1; size > 0;) {
    size = ::read(fd, piece.data(), piece.size());
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return text;
}

// What a process with a tap puts into the platform's log. For good the output goes by way of it, so that it
// is another's.
std::string log_of(void (*task)(OutputTap&)) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    if (const auto tap = OutputTap::open()) {
      task(*tap);
      ::_exit(0);
    }
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string log = contents(ends[0]);
  ::close(ends[0]);
  return log;
}

TEST(OutputTap, TellsOfTheTaskThatRunsAndTheLogHasItAll) {
  const std::string log = log_of([](OutputTap& tap) {
    std::string told;
    write_all(STDOUT_FILENO, "before\n");
    tap.begin([&](std::string_view lines) { told.append(lines); });
    write_all(STDOUT_FILENO, "one\ntw");
    write_all(STDERR_FILENO, "o\n");
    (void)!std::system("echo child");
    write_all(STDOUT_FILENO, "no end");
    tap.end();
    write_all(STDOUT_FILENO, "\nafter\n");
    tap.begin({});
    tap.end();
    write_all(STDOUT_FILENO, "told: " + told);
    empty_output_tap();
  });
  EXPECT_EQ(log, "before\none\ntwo\nchild\nno end\nafter\ntold: one\ntwo\nchild\nno end");
}

TEST(OutputTap, WhatIsLeftWhenAProcessCrashesGoesToTheLog) {
  const std::string log = log_of([](OutputTap&) {
    write_all(STDOUT_FILENO, "last words\n");
    empty_output_tap();
  });
  EXPECT_EQ(log, "last words\n");
}

}  // namespace
}  // namespace lambdapool::runtime

// Runs a program to its end and keeps what it printed. No shell in between.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::process {

struct Completed {
  int exit_status = 0;  // 128 + the signal where one ended it
  std::string output;   // standard output
  std::string errors;   // standard error
};

// When a program is not waited for any longer. It then has a second to end by itself, and another one after
// SIGTERM, before it is killed.
struct Bounds {
  std::optional<std::chrono::milliseconds> time = {};
  std::function<bool()> give_up = {};                         // asked ten times a second
  std::function<void(const std::string& line)> on_line = {};  // hears each line of both outputs as it comes
};

// `command[0]` is a path, or a name looked up in the environment's PATH. The program reads an empty
// standard input, gets Ctrl-C with us, and is killed if this process dies. Errors: io (it can't be started),
// timed_out and cancelled (the bounds).
Result<Completed> run(const std::vector<std::string>& command, const Environment& environment,
                      const Bounds& bounds = {});

std::optional<std::filesystem::path> find_program(const std::string& name, const Environment& environment);

// The last lines of a program's output that say something, for an error message.
std::string last_lines(const std::string& text, std::size_t lines);

}  // namespace lambdapool::process

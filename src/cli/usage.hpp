// What a command line that was not understood gets to read, in the words that click's users know.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lambdapool::cli {

// The innermost command that was given.
const CLI::App& chosen_command(const CLI::App& app);

// One sentence, with what was meant where that can be told, and where the help is.
std::string usage_sentence(const CLI::ParseError& error, const CLI::App& app);

// Prints the help of `app`, or of the command below it that `words` name; what stands behind is not looked
// at. The exit status: 2, with a sentence on stderr, where there is no such command.
int print_help(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace lambdapool::cli

// Help texts in the layout that Python's click gives them, which is the product document's: two columns,
// at most 78 wide, the short form of an option before its long one, "[ARGS]..." for what may repeat.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lambdapool::cli {

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// "lambdapool create": the command as the user typed it, for usage lines and hints.
std::string command_path(const CLI::App& app);

}  // namespace lambdapool::cli

// The text of a requirements file: its encoding, and its lines as pip joins them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/environment.hpp"
#include "core/error.hpp"

namespace lambdapool::package {

// As UTF-8: from UTF-8, from UTF-16 with its mark (as PowerShell writes it), or from Latin-1 that says so.
Result<std::string> read_requirements_text(const std::filesystem::path& path);

struct LogicalLine {
  std::size_t number;        // of its first physical line, from 1
  std::string text;          // without comment, with the values of ${VARIABLES} that are set
  std::size_t physical = 1;  // how many lines it is
};
std::vector<LogicalLine> logical_lines(const std::string& text, const Environment& environment);

}  // namespace lambdapool::package

#include "cli/table.hpp"

#include <algorithm>

#include "cli/terminal_text.hpp"

namespace lambdapool::cli {
namespace {

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::string blanks(width - std::min(width, characters(text)), ' ');
  return align == Align::left ? text + blanks : blanks + text;
}

// A line's end in a description must not look like another row.
std::string one_line(const std::string& text) {
  std::string line = printable(text);
  for (std::size_t at = 0; (at = line.find('\n', at)) != std::string::npos;) line.replace(at, 1, "\\n");
  return line;
}

std::string line(std::string joined) {
  joined.erase(joined.find_last_not_of(' ') + 1);
  return joined + "\n";
}

}  // namespace

std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows) {
  const std::string gap = "  ";
  std::string headings, rule;
  std::vector<std::string> lines(rows.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::size_t width = columns[c].heading.size() + gap.size();
    for (const auto& row : rows) width = std::max(width, characters(one_line(row[c])));
    const std::string before = c == 0 ? "" : gap;
    headings += before + padded(columns[c].heading, width, columns[c].align);
    rule += before + std::string(width, '-');
    for (std::size_t r = 0; r < rows.size(); ++r)
      lines[r] += before + padded(one_line(rows[r][c]), width, columns[c].align);
  }
  std::string table = line(headings) + line(rule);
  for (auto& row : lines) table += line(std::move(row));
  return table;
}

}  // namespace lambdapool::cli

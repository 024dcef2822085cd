#include "cli/terminal/table.hpp"

#include <algorithm>
#include <sstream>

#include "cli/terminal/terminal_text.hpp"

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

std::string ended(std::string joined) {
  joined.erase(joined.find_last_not_of(' ') + 1);
  return joined + "\n";
}

constexpr std::size_t gap = 2;

using Row = std::vector<std::string>;
using Widths = std::vector<std::size_t>;

std::size_t total(const Widths& widths) {
  std::size_t sum = gap * (widths.size() - std::min<std::size_t>(widths.size(), 1));
  for (const std::size_t width : widths) sum += width;
  return sum;
}

Widths widths_of(const std::vector<Column>& columns, const std::vector<Row>& rows,
                 std::size_t beside_heading) {
  Widths widths;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::size_t width = columns[c].heading.size() + beside_heading;
    for (const auto& row : rows) width = std::max(width, characters(row[c]));
    widths.push_back(width);
  }
  return widths;
}

// A first cell that is too long for its column has a line of its own.
std::string row_text(const std::vector<Column>& columns, const Row& row, const Widths& widths) {
  std::string text;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const bool alone = c == 0 && characters(row[c]) > widths[c];
    if (alone) text += ended(row[c]);
    text += (c == 0 ? "" : std::string(gap, ' ')) + padded(alone ? "" : row[c], widths[c], columns[c].align);
  }
  return ended(std::move(text));
}

// Takes out what is to stand below the rows: for each row the lines of it.
std::vector<std::string> take_below(std::vector<Column>& columns, std::vector<Row>& rows) {
  std::vector<std::string> below(rows.size());
  for (std::size_t c = columns.size(); c-- > 0;) {
    if (columns[c].place != Place::below_when_narrow) continue;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::istringstream items(rows[r][c]);
      for (std::string item; std::getline(items, item, ',');)
        below[r] += "  " + columns[c].heading + " " + item + "\n";
      rows[r].erase(rows[r].begin() + static_cast<std::ptrdiff_t>(c));
    }
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(c));
  }
  return below;
}

Widths narrowed(Widths widths, std::size_t heading, std::size_t width) {
  const std::size_t rest = total(widths) - widths[0];
  if (rest + widths[0] > width) widths[0] = std::max(heading, width - std::min(width, rest));
  return widths;
}

}  // namespace

std::string format_table(const std::vector<Column>& given, const std::vector<Row>& cells,
                         std::optional<std::size_t> width) {
  std::vector<Column> columns = given;
  std::vector<Row> rows = cells;
  for (Row& row : rows)
    for (std::string& cell : row) cell = one_line(cell);
  std::vector<std::string> below(rows.size());
  Widths widths = widths_of(columns, rows, gap);
  if (width && total(widths) > *width) widths = widths_of(columns, rows, 0);
  if (width && total(widths) > *width) {
    below = take_below(columns, rows);
    widths = narrowed(widths_of(columns, rows, 0), columns[0].heading.size(), *width);
  }
  Row headings, rules;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    headings.push_back(columns[c].heading);
    rules.emplace_back(widths[c], '-');
  }
  std::string table = row_text(columns, headings, widths) + row_text(columns, rules, widths);
  for (std::size_t r = 0; r < rows.size(); ++r) table += row_text(columns, rows[r], widths) + below[r];
  return table;
}

}  // namespace lambdapool::cli

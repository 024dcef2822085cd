// A table as people read it: columns under a ruled heading, numbers to the right.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace lambdapool::cli {

enum class Align { left, right };

// Where a column's cells stand when the lines would be too long: long ones, such as ARNs, below their row,
// each of a list (a,b) on a line of its own.
enum class Place { in_its_row, below_when_narrow };

struct Column {
  std::string heading;
  Align align = Align::left;
  Place place = Place::in_its_row;
};

// Two spaces between columns, each at least two wider than its heading, no trailing blanks. What is wider
// than `width` has columns only as wide as needed; if that does not do, a first cell that is too long has a
// line of its own. Nothing is cut off.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows,
                         std::optional<std::size_t> width = std::nullopt);

}  // namespace lambdapool::cli

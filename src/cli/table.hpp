// A table as people read it: columns under a ruled heading, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace lambdapool::cli {

enum class Align { left, right };

struct Column {
  std::string heading;
  Align align = Align::left;
};

// Two spaces between columns, each at least two wider than its heading, no trailing blanks.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows);

}  // namespace lambdapool::cli

#include "cli/terminal/table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace lambdapool::cli {
namespace {

TEST(Table, AlignsAsTheProductDocumentShowsIt) {
  const std::string table = format_table({{"FUNCTION NAME"},
                                          {"SIZE"},
                                          {"WHEN"},
                                          {"RUNTIME MEMORY (MB)", Align::right},
                                          {"TIMEOUT (SEC)", Align::right}},
                                         {{"algorithms", "49.75 KB", "20 seconds ago", "128", "300"}});
  EXPECT_EQ(table,
            "FUNCTION NAME    SIZE      WHEN              RUNTIME MEMORY (MB)    TIMEOUT (SEC)\n"
            "---------------  --------  --------------  ---------------------  ---------------\n"
            "algorithms       49.75 KB  20 seconds ago                    128              300\n");
}

const std::vector<Column> listing = {{"FUNCTION NAME"},
                                     {"SIZE"},
                                     {"WHEN"},
                                     {"RUNTIME MEMORY (MB)", Align::right},
                                     {"TIMEOUT (SEC)", Align::right},
                                     {"LAYERS", Align::left, Place::below_when_narrow}};

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

TEST(Table, IsNoWiderThanATerminalAndLosesNothing) {
  const std::vector<std::vector<std::string>> rows = {
      {"algorithms", "49.75 KB", "20 seconds ago", "128", "300", ""},
      {std::string(64, 'n'), "49.75 KB", "20 seconds ago", "128", "300", "arn:aws:one,arn:aws:two"}};
  const std::string table = format_table(listing, rows, 80);
  EXPECT_LE(longest_line(table), 80u) << table;
  for (const auto& row : rows)
    for (const auto& cell : {row[0], row[1], row[2], row[3], row[4]})
      EXPECT_NE(table.find(cell), std::string::npos) << cell << "\n" << table;
  EXPECT_NE(table.find("  LAYERS arn:aws:one\n  LAYERS arn:aws:two\n"), std::string::npos) << table;
}

TEST(Table, IsPackedBeforeAnythingIsMoved) {
  const std::vector<std::vector<std::string>> rows = {{"f", "1 KB", "now", "128", "300", "l"}};
  EXPECT_EQ(format_table(listing, rows, 80),
            "FUNCTION NAME  SIZE  WHEN  RUNTIME MEMORY (MB)  TIMEOUT (SEC)  LAYERS\n"
            "-------------  ----  ----  -------------------  -------------  ------\n"
            "f              1 KB  now                   128            300  l\n");
}

TEST(Table, OfATerminalNarrowerThanItsHeadingsIsStillATable) {
  EXPECT_EQ(format_table({{"A"}, {"B"}}, {{"long", "1"}}, 2), "A  B\n-  -\nlong\n   1\n");
}

TEST(Table, WithoutRowsIsItsHeading) { EXPECT_EQ(format_table({{"A"}, {"B"}}, {}), "A    B\n---  ---\n"); }

TEST(Table, EndsNoLineInBlanks) {
  EXPECT_EQ(format_table({{"A"}, {"LAYERS"}}, {{"x", ""}, {"y", "l"}}),
            "A    LAYERS\n---  --------\nx\ny    l\n");
}

TEST(Table, CountsCharactersNotBytes) {
  EXPECT_EQ(format_table({{"A"}, {"B"}}, {{"äöüß", "1"}}), "A     B\n----  ---\näöüß  1\n");
}

}  // namespace
}  // namespace lambdapool::cli

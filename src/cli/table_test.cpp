#include "cli/table.hpp"

#include <gtest/gtest.h>

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

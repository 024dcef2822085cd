#include "core/toml_nesting.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lambdapool {
namespace {

std::string times(std::size_t n, const std::string& text) {
  std::string all;
  while (n-- > 0) all += text;
  return all;
}

TEST(TomlNesting, IsBounded) {
  EXPECT_EQ(line_nested_too_deep("a = " + times(100, "[") + times(100, "]")), std::nullopt);
  EXPECT_EQ(line_nested_too_deep("x = 1\na = " + times(101, "[")), 2U);
  EXPECT_EQ(line_nested_too_deep("a = " + times(101, "[\n")), 101U);
  EXPECT_EQ(line_nested_too_deep("a = " + times(101, "{a = ")), 1U);
  EXPECT_EQ(line_nested_too_deep("a = " + times(60, "[{a = ")), 1U);
  EXPECT_EQ(line_nested_too_deep(times(102, "a.") + "a = 1"), 1U);
  EXPECT_EQ(line_nested_too_deep("[" + times(101, "a.") + "a]"), 1U);
  EXPECT_EQ(line_nested_too_deep("a = {" + times(50, "a.") + "a = {" + times(50, "b.") + "b = 1}}"), 1U);
}

TEST(TomlNesting, IsOfWhatIsOpenAtATime) {
  EXPECT_EQ(line_nested_too_deep(times(1000, "a.b = [1.5, {c.d = 2.5}, [[3.5]]]\n")), std::nullopt);
  EXPECT_EQ(line_nested_too_deep("a = [" + times(1000, "1.5,") + "]"), std::nullopt);
  EXPECT_EQ(line_nested_too_deep(times(1000, "[[a.b]]\n")), std::nullopt);
  EXPECT_EQ(line_nested_too_deep(times(1000, "]}")), std::nullopt);
}

TEST(TomlNesting, TextsAndCommentsHaveNone) {
  const std::string many = times(1000, "[{.");
  for (const std::string& text :
       {"a = \"" + many + "\"", "a = '" + many + "'", "# " + many + "\n", "a = \"\\\"" + many + "\"",
        "a = \"\"\"\n\"" + many + "\\\"\"\"\"\"\"", "a = '''\n''" + many + "'''''", "a = '\\' # " + many,
        "\"" + many + "\" = 1"}) {
    EXPECT_EQ(line_nested_too_deep(text), std::nullopt) << text.substr(0, 12);
    EXPECT_EQ(line_nested_too_deep(text + "\na = " + many), std::count(text.begin(), text.end(), '\n') + 2)
        << text.substr(0, 12);
  }
  EXPECT_EQ(line_nested_too_deep("a = \"not ended\nb = " + many), 2U);
  for (const char* unfinished : {"'", "\"", "\"\"\"", "a = \"\\", "#", "'''''"})
    EXPECT_EQ(line_nested_too_deep(unfinished), std::nullopt);
}

}  // namespace
}  // namespace lambdapool
